"""What every electrode sees of one discharge of every motor unit.

A unit is a set of line sources (`GridMuscle`), each of which stands for an equal share of its
fibres and carries the membrane current of `emgproc.simulate.fibre`. All fibres of a unit conduct
at its velocity, so that the sum over lines needs to be made only once, over what each front passes
(a weight for each distance from the endplate), before the action potential is laid over it. No
amplitude is adjusted: potentials follow from fibre count, diameter and conductivities. The
amplifier's low-pass (Butterworth, order 4, −3 dB at fs/4, causal) keeps what starts and ends at
once on all electrodes from folding back below fs/2.
"""

import math

import numpy as np

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError
from emgproc.simulate.fibre import INTRACELLULAR_S_M, membrane_potential
from emgproc.simulate.grid.electrodes import Electrodes
from emgproc.simulate.grid.muscle import GridMuscle
from emgproc.simulate.grid.volume import STEP_MM, Conductor, conductor

TAIL_MM = 20.0  # the action potential is back within 0.1 % of its height this far behind its front
LEAST_FS_HZ = 1000.0
LOWPASS = 0.25  # cut-off of the amplifier as a share of fs: 512 Hz at 2048 Hz
ORDER = 4
OVER = 4  # the amplifier's input is followed this many times faster than it is sampled
SETTLE = 16  # samples after which its answer to the last front is over


def surface_muaps(
    muscle: GridMuscle, electrodes: Electrodes, fs: float, *, threads: int = 1
) -> Floats:
    """Potential of every unit on every channel, µV, shape (n_units, n_channels, n_samples).

    Sample 0 is the moment at which the endplates fire. At the last one the slowest front has left
    the longest fibre and the amplifier has settled.

    Parameters
    ----------
    muscle
        The units.
    electrodes
        Where they are seen from, and the montage.
    fs
        Sampling rate, Hz, at least 1000.
    threads
        Threads; the result is the same for every number.

    Raises
    ------
    ParameterError
        `fs` is too low for surface EMG.
    """
    from threadpoolctl import threadpool_limits

    if check_fs(fs) < LEAST_FS_HZ:
        raise ParameterError(f"surface_muaps: fs must be at least {LEAST_FS_HZ} Hz, got {fs}")
    n_samples = _n_samples(muscle, fs)
    t_s = np.arange(n_samples * OVER) / (fs * OVER)
    medium = _medium_of(muscle, electrodes)
    out = np.empty((muscle.n_units, electrodes.n_channels, n_samples))

    def work(units: slice) -> None:
        for unit in range(units.start, units.stop):
            seen = electrodes.channels_of(_potential(muscle, unit, electrodes, medium, t_s))
            out[unit] = _amplified(seen)

    with threadpool_limits(1, "blas"):
        over_groups(work, muscle.n_units, threads)
    return out


def _amplified(fine: Floats) -> Floats:
    """What the low-pass leaves of potentials sampled `OVER` times too fast, at every sample."""
    hz = np.fft.rfftfreq(fine.shape[-1], 1 / OVER) / LOWPASS  # as a share of the cut-off
    angles = np.pi * (2 * np.arange(ORDER) + ORDER + 1) / (2 * ORDER)
    poles = np.exp(1j * angles)
    response = 1 / np.prod(1j * hz[:, None] - poles, axis=1)
    return np.fft.irfft(np.fft.rfft(fine) * response, fine.shape[-1])[..., ::OVER]


def _n_samples(muscle: GridMuscle, fs: float) -> int:
    longest = np.maximum(muscle.ahead_mm, muscle.behind_mm).max(axis=1) + TAIL_MM
    return math.ceil(float(np.max(longest / (muscle.velocity_m_s * 1e3))) * fs) + SETTLE


def _medium_of(muscle: GridMuscle, electrodes: Electrodes) -> Conductor:
    across, along = electrodes.positions_mm()
    furthest = float(np.abs(along).max() + np.abs(muscle.endplate_mm).max())
    longest = float(max(muscle.ahead_mm.max(), muscle.behind_mm.max()))
    return conductor(
        muscle.layers,
        reach_mm=furthest + longest + 2 * STEP_MM,
        shallowest_mm=float(muscle.depth_mm.min()),
        widest_mm=float(np.abs(across).max() + np.abs(muscle.across_mm).max()),
        diameter_mm=electrodes.diameter_mm,
    )


def _potential(
    muscle: GridMuscle, unit: int, electrodes: Electrodes, medium: Conductor, t_s: Floats
) -> Floats:
    """Monopolar potential of one unit, µV, shape (n_electrodes, n_times)."""
    n_lines = muscle.depth_mm.shape[1]
    longest = float(max(muscle.ahead_mm[unit].max(), muscle.behind_mm[unit].max()))
    n_steps = math.ceil(longest / STEP_MM)
    weights = np.zeros((electrodes.rows * electrodes.cols, n_steps))
    for line in range(n_lines):
        _add_line(weights, muscle, (unit, line), electrodes, medium)
    # The slope of the action potential summed over a step: the difference between its ends.
    ends = np.arange(n_steps + 1) * STEP_MM
    voltage = membrane_potential(muscle.velocity_m_s[unit] * 1e3 * t_s - ends[:, None])
    front = -np.diff(voltage, axis=0)
    area_m2 = math.pi * (muscle.diameter_um[unit] * 1e-6) ** 2 / 4
    fibres = muscle.n_fibres[unit] / n_lines
    scale = fibres * INTRACELLULAR_S_M * area_m2 * 1e-3 * 1e6  # mV → V → µV
    return np.asarray(scale * (weights @ front))


def _add_line(
    weights: Floats,
    muscle: GridMuscle,
    at: tuple[int, int],
    electrodes: Electrodes,
    medium: Conductor,
) -> None:
    """Add what the two fronts of a line do to each electrode at every distance they have gone.

    The step along the fibre is that of the gradient's points, so that these are taken as they
    stand: electrodes at one lateral distance and one offset between the points share a row.
    """
    across, along = electrodes.positions_mm()
    from_first = along - muscle.endplate_mm[at] + 0.5 * STEP_MM
    start = np.floor(from_first / STEP_MM).astype(np.int64)
    place = np.column_stack([np.abs(across - muscle.across_mm[at]), from_first - start * STEP_MM])
    rows, row = np.unique(np.round(place, 9), axis=0, return_inverse=True)
    gradient = medium.gradients(float(muscle.depth_mm[at]), rows[:, 0], rows[:, 1])
    n_steps = weights.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(gradient, n_steps, axis=1)
    first = start + medium.n_near
    behind, ahead = (_gate(float(x[at]), n_steps) for x in (muscle.behind_mm, muscle.ahead_mm))
    weights += windows[row, first] * behind
    weights -= windows[row, first - n_steps][:, ::-1] * ahead


def _gate(length_mm: float, n_steps: int) -> Floats:
    """1 where the fibre is, 0 beyond its end, a share for the step in which it ends."""
    return np.clip(length_mm / STEP_MM - np.arange(n_steps), 0.0, 1.0)
