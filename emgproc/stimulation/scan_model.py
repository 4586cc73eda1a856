"""Motor units of a CMAP scan by the model of MScanFit: amplitudes, thresholds, relative spread.

Bostock 2016 (Muscle Nerve 53:889) starts from units that the slope and the variance of the scan
suggest and changes them until scans of the model resemble it. Here the start is the staircase of
the scan (alternation makes it too many units), and the likelihood of `scan_likelihood` tells how
well units fit: first with more noise than there is, so that amplitudes need not be right to be
seen. Then neighbours are merged as long as that costs less than the two parameters of a unit are
worth (Akaike 1974, IEEE Trans Autom Control 19:716). Units within the noise cannot be seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize

from emgproc.arrays import Floats
from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.decompose import one_blas_thread
from emgproc.stimulation.scan import ABSENT_BELOW_MV, ScanNoise, not_down_to_none, scanned
from emgproc.stimulation.scan_likelihood import Likelihood, Units, joined
from emgproc.stimulation.stairs import stair_fit

RULE_ID = "scan_model_v1"
PENALTY = 2.0
USUAL_SPREAD = 0.015  # 1–2 % (emg.md 8); as a prior, lognormal …
SPREAD_SD = 0.3  # … with this SD of its logarithm
NOISES = (8.0, 4.0, 2.0, 1.0)  # SDs of the noise with which the start is fitted
ROUNDS = 60
LOCAL_ROUNDS = 25
BESIDE = 2  # neighbours on either side that follow a merge
MARGIN = 20  # responses on either side that hold them in place
WORTH_TRYING = 25.0  # ln L that a merge may cost before its neighbours follow


@dataclass(frozen=True, slots=True, eq=False)
class ScanModel:
    """The motor units of a scan.

    Attributes
    ----------
    n_units
        Their number: the estimate of MScanFit.
    sizes_mv, thresholds_ma
        Amplitude, mV, and threshold, mA, of each by rising threshold, shape (n_units,).
    relative_spread
        SD of the thresholds as a share of them; NaN without units.
    mean_size_uv, largest_percent
        Mean amplitude, µV, and the largest, % of their sum; NaN without units.
    log_likelihood
        Σ ln of the density, 1/mV, of the responses.
    n
        Responses.
    flags
        `not_down_to_none` as in `Scan`: units that answer every stimulus are not counted.
    reason
        `absent_response` where no response reaches 0.05 mV; then there are no units.
    rule_id
        The rule behind the estimate.
    """

    n_units: int
    sizes_mv: Floats
    thresholds_ma: Floats
    relative_spread: float
    mean_size_uv: float
    largest_percent: float
    log_likelihood: float
    n: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def scan_model(
    stimulus_ma: ArrayLike,
    response_mv: ArrayLike,
    noise: ScanNoise,
    span: tuple[int, int] | None = None,
) -> ScanModel:
    """Fit motor units to a scan.

    Of simulated scans with 5 to 30 units nearly all are found, of 60 about 8 % are not and of 80
    about 20 %: where a dozen alternate at once, fewer and larger units make the scan as likely as
    the true ones do. It takes 1 s for 10 units, 10 s for 60, a minute for an adult's scan of 500
    responses.

    Parameters
    ----------
    stimulus_ma, response_mv, span
        As `scan`. Amplitudes must add up over units (`amplitudes_at_peak`).
    noise
        SD of the responses of the same units; where it is next to nothing, a little more is taken
        (`Likelihood.of`).

    Raises
    ------
    SignalError
        As `scan`, or every stimulus gives the same response.
    ParameterError
        As `scan`, or a stimulus is not above 0.
    """
    ma, mv = scanned(stimulus_ma, response_mv, span)
    if not ma[0] > 0:
        raise ParameterError(f"a model of a scan needs stimuli above 0 mA, got {ma[0]}")
    nan, none = float("nan"), np.empty(0)
    if mv.max() < ABSENT_BELOW_MV:
        return ScanModel(0, none, none, nan, nan, nan, nan, mv.size, (), "absent_response")
    # A step of the search is too small for two threads: they wait for each other.
    with one_blas_thread():
        units, cost = _searched(ma, mv, noise)
    sizes = units.size_mv
    return ScanModel(
        units.n, sizes, units.threshold_ma, units.spread, 1000 * float(sizes.mean()),
        float(100 * sizes.max() / sizes.sum()), -cost, mv.size, not_down_to_none(mv),
    )  # fmt: skip


def _searched(ma: Floats, mv: Floats, noise: ScanNoise) -> tuple[Units, float]:
    """The most likely units, and −Σ ln L."""
    sd = noise.sd_mv(np.maximum(mv, 0.0))
    units = _start(ma, mv, noise)
    for factor in NOISES:
        likelihood = Likelihood.of(ma, mv, factor * sd)
        units = _fitted(likelihood, units, ROUNDS)
    while True:
        fewer = _merged(likelihood, units)
        if fewer.n == units.n:
            return units, likelihood.cost(units)
        units = _fitted(likelihood, fewer, ROUNDS)


def _start(ma: Floats, mv: Floats, noise: ScanNoise) -> Units:
    """The staircase as units."""
    stairs = stair_fit(ma, mv, noise)
    if not stairs.n_units:
        raise SignalError(
            f"every stimulus of the scan gives {mv.mean():.3g} mV within the noise; a scan falls "
            "from the response of all units to none"
        )
    order = np.argsort(stairs.thresholds_ma, kind="stable")
    return Units(stairs.sizes_mv[order], stairs.thresholds_ma[order], USUAL_SPREAD)


def _fitted(likelihood: Likelihood, units: Units, rounds: int) -> Units:
    """All parameters at their most likely values near these."""
    n = units.n

    def cost(x: Floats) -> tuple[float, Floats]:
        value, slope = likelihood.cost_and_slope(_units_of(x, n))
        off = float(x[-1] - np.log(USUAL_SPREAD)) / SPREAD_SD
        slope[-1] += off / SPREAD_SD
        return value + off**2 / 2, slope

    x = np.log(np.concatenate([units.size_mv, units.threshold_ma, [units.spread]]))
    found = minimize(cost, x, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return joined([_units_of(found.x, n)])


def _units_of(x: Floats, n: int) -> Units:
    return Units(np.exp(x[:n]), np.exp(x[n : 2 * n]), float(np.exp(x[-1])))


def _merged(likelihood: Likelihood, units: Units) -> Units:
    """Neighbours merged where that costs less than a unit is worth, the cheapest first."""
    rises = [_Neighbourhood(likelihood, units, i).rise for i in range(units.n - 1)]
    taken: set[int] = set()
    chosen: list[tuple[int, int, Units]] = []
    for i in sorted(range(units.n - 1), key=lambda i: rises[i]):
        if rises[i] > WORTH_TRYING or taken & set(range(*_group(units, i))):
            continue
        here = _Neighbourhood(likelihood, units, i)  # anew: all at once fill the memory
        after, rise = here.settled()
        if rise < PENALTY:
            chosen.append((here.start, here.stop, after))
            taken |= set(range(here.start, here.stop))
    parts, at = [], 0
    for start, stop, after in sorted(chosen, key=lambda each: each[0]):
        parts += [units.part(at, start), after]
        at = stop
    return joined([*parts, units.part(at, units.n)])


def _group(units: Units, i: int) -> tuple[int, int]:
    """Units i and i + 1 with their neighbours: [start, stop)."""
    return max(i - BESIDE, 0), min(i + 2 + BESIDE, units.n)


class _Neighbourhood:
    """Units i and i + 1 merged, their neighbours, and the responses that all of them shape."""

    def __init__(self, likelihood: Likelihood, units: Units, i: int) -> None:
        self.start, self.stop = _group(units, i)
        group = units.part(self.start, self.stop)
        first, after = likelihood.rows_of(group)
        rest = units.replaced(self.start, self.stop, units.part(0, 0))
        rows = max(first - MARGIN, 0), min(after + MARGIN, likelihood.stimulus_ma.size)
        self.likelihood = likelihood.within(*rows, rest)
        self.before = self.likelihood.cost(group)
        both = units.part(i, i + 2)
        size = both.size_mv.sum(keepdims=True)
        middle = float((both.size_mv * both.threshold_ma).sum() / size[0])
        merged = [
            group.replaced(
                i - self.start, i + 2 - self.start, Units(size, np.array([at]), units.spread)
            )
            for at in (middle, *both.threshold_ma)
        ]
        costs = [self.likelihood.cost(each) for each in merged]
        self.merged = merged[int(np.argmin(costs))]
        self.rise = min(costs) - self.before

    def settled(self) -> tuple[Units, float]:
        """The merged units once their neighbours have followed, and what that costs."""
        n, spread = self.merged.n, self.merged.spread
        total, hold = float(self.merged.size_mv.sum()), float(self.likelihood.sd_mv.min())

        def cost(x: Floats) -> tuple[float, Floats]:
            units = Units(np.exp(x[:n]), np.exp(x[n:]), spread)
            value, slope = self.likelihood.cost_and_slope(units)
            # Responses further up have no say here, and all units below them do.
            off = (float(units.size_mv.sum()) - total) / hold
            slope[:n] += units.size_mv * off / hold
            return value + off**2 / 2, slope[:-1]

        x = np.log(np.concatenate([self.merged.size_mv, self.merged.threshold_ma]))
        found = minimize(cost, x, jac=True, method="L-BFGS-B", options={"maxiter": LOCAL_ROUNDS})
        after = Units(np.exp(found.x[:n]), np.exp(found.x[n:]), spread)
        return after, float(found.fun) - self.before
