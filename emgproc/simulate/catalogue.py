"""Recordings that can be simulated by a name alone, as the command line does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.simulate import grid, needle
from emgproc.simulate import stimulation as stim
from emgproc.simulate.recording import simulate_recording

Made = tuple[Recording, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of recording: what it is, and how a seed becomes the recording and its truth."""

    about: str
    make: Callable[[int], Made]


def _grid(about: str, settings: grid.GridSettings) -> Entry:
    return Entry(about, lambda seed: grid.simulate_grid(settings, seed))


def _needle(name: str, about: str) -> Entry:
    return Entry(about, lambda seed: needle.simulate_needle(needle.SCENARIOS[name], seed))


RECORDINGS: Mapping[str, Entry] = {
    "surface": Entry(
        "four muscles and the ECG of an infant at rest, 60 s, with an observer's labels",
        lambda seed: simulate_recording(seed=seed),
    ),
    "grid": _grid("64 electrodes, 4 mm apart, on an infant's muscle", grid.INFANT_64),
    "grid_sma": _grid("the same on few, large units that fire in step", grid.SMA_64),
    "grid_adult": _grid("64 electrodes, 8 mm apart, on an adult's forearm", grid.ADULT_64),
    "grid_256": _grid("256 electrodes on an adult's forearm", grid.ADULT_256),
    "bipolar": _grid("one bipolar pair, 15 mm apart, on an infant's muscle", grid.BIPOLAR_INFANT),
    "needle_rest_sma": _needle("rest_sma", "needle at rest in SMA: spontaneous activity"),
    "needle_rest_healthy": _needle("rest_healthy", "needle at rest in a healthy muscle"),
    "needle_rest_endplate": _needle("rest_endplate", "needle at rest near the endplates"),
    "needle_rest_crd": _needle("rest_crd", "needle at rest: a complex repetitive discharge"),
    "needle_effort_sma": _needle("effort_sma", "needle in SMA, from slight to full effort"),
    "needle_effort_healthy": _needle("effort_healthy", "the same in a healthy muscle"),
    "needle_effort_myopathic": _needle("effort_myopathic", "the same in a myopathic muscle"),
    "cmap": Entry(
        "supramaximal motor responses in SMA",
        lambda seed: stim.simulate_cmap(stim.sma_nerve(seed), seed=seed),
    ),
    "cmap_healthy": Entry(
        "supramaximal motor responses of a healthy infant",
        lambda seed: stim.simulate_cmap(stim.healthy_nerve(seed), seed=seed),
    ),
    "cmap_absent": Entry(
        "stimuli to which no unit answers",
        lambda seed: stim.simulate_cmap(stim.absent_nerve(), seed=seed),
    ),
    "cmap_scan": Entry(
        "a CMAP scan of 500 stimuli in SMA",
        lambda seed: stim.simulate_scan(stim.sma_nerve(seed), seed=seed),
    ),
    "cmap_scan_healthy": Entry(
        "a CMAP scan of 500 stimuli of a healthy infant",
        lambda seed: stim.simulate_scan(stim.healthy_nerve(seed), seed=seed),
    ),
    "mune_incremental": Entry(
        "rising stimuli for an incremental MUNE of a healthy infant",
        lambda seed: stim.simulate_incremental(stim.healthy_nerve(seed), seed=seed),
    ),
    "mune_multipoint": Entry(
        "three increments at each of three sites of a healthy infant's nerve",
        lambda seed: stim.simulate_multipoint(stim.healthy_nerve(seed), seed=seed),
    ),
    "sip": Entry(
        "motor responses and surface interference patterns for MUNIX, healthy infant",
        lambda seed: stim.simulate_sip(stim.healthy_nerve(seed), seed=seed),
    ),
    "f_waves": Entry(
        "motor responses with F-waves of a healthy infant",
        lambda seed: stim.simulate_f_waves(stim.healthy_nerve(seed), seed=seed),
    ),
    "h_reflex": Entry(
        "rising stimuli with an H-reflex, healthy infant",
        lambda seed: stim.simulate_h_reflex(stim.healthy_nerve(seed), seed=seed),
    ),
    "repetitive": Entry(
        "ten stimuli at 3 Hz with a decrement, SMA",
        lambda seed: stim.simulate_repetitive(stim.sma_nerve(seed), seed=seed),
    ),
}


def simulate_named(name: str, seed: int) -> Made:
    """The recording of this name and its truth.

    Parameters
    ----------
    name
        A key of `RECORDINGS`.
    seed
        Non-negative; the same seed gives the same samples.

    Raises
    ------
    ParameterError
        There is no such recording; the message names the nearest, or all.

    Examples
    --------
    >>> recording, truth = simulate_named("cmap", 1)
    >>> recording.provenance.synthetic, len(recording.segments)
    (True, 3)
    """
    if name not in RECORDINGS:
        near = get_close_matches(name, RECORDINGS, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(RECORDINGS)}"
        raise ParameterError(f"no recording {name!r} can be simulated; {known}")
    return RECORDINGS[name].make(seed)
