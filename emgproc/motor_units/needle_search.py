"""Which templates a signal has: new ones are looked for in what the known ones leave."""

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.motor_units.decompose_quality import pause_share
from emgproc.motor_units.discharges import covisi
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.motor_units.needle_resolve import Resolved, resolve, trained_again
from emgproc.motor_units.needle_signal import NeedleSignal
from emgproc.motor_units.needle_templates import (
    new_templates,
    parted,
    shares_explained,
    without_copies,
)

# Less is asked of a train before all units are known than in the end.
# Where that leaves no unit, irregular templates stay and explain what is no unit's.
PROMISING_COVISI, PROMISING_PAUSES = (0.6, 0.85), 0.4
TURNS = 4  # of a round: templates are trained, parted and sorted out
SUM_SHARE, REGULAR = 0.94, 0.5  # a template that two others explain, and no regular train
LAST_TURNS = 6  # templates are trained by discharges that are found by templates


def find_units(
    signal: NeedleSignal, settings: IntramuscularSettings, most_covisi: float
) -> Resolved | None:
    """Templates and their discharges; `None` where no deflections repeat.

    A template may be more irregular than `most_covisi` only until others are dropped before it.
    """
    half = round(settings.half_s * signal.fs)
    found: Resolved | None = None
    least = settings.least_discharges
    for _ in range(settings.most_rounds):
        new = new_templates(signal, found, half, settings.detect_sd, least)
        known = 0 if found is None else len(found.templates)
        if not len(new):
            break
        templates = new if found is None else np.concatenate([found.templates, new])
        found = _sorted_out(signal, templates, settings, most_covisi)
        if found is None or len(found.templates) <= known:
            break
    if found is None:
        return None
    for _ in range(LAST_TURNS):
        found = resolve(signal, trained_again(found))
    return found


def _sorted_out(
    signal: NeedleSignal, templates: Floats, settings: IntramuscularSettings, most_covisi: float
) -> Resolved | None:
    """Train the templates; part, join and drop some until those that are left are promising."""
    for turn in range(TURNS):
        templates = without_copies(templates)
        found = resolve(signal, templates)
        everything = turn == TURNS - 1 and most_covisi == PROMISING_COVISI[0]
        lost = _lost(signal, found, settings, most_covisi, everything=everything)
        found = found._replace(templates=trained_again(found))
        templates = found.templates[~lost]
        if turn < TURNS - 2:
            both, n_parted = parted(found, settings.least_discharges)
            templates = both if n_parted else templates
        if not len(templates):
            return None
    return resolve(signal, templates)


def _lost(
    signal: NeedleSignal,
    found: Resolved,
    settings: IntramuscularSettings,
    most_covisi: float,
    *,
    everything: bool,
) -> Bools:
    """Templates to drop: of few discharges, the most irregular ones, and a sum of two others."""
    trains = [found.train(unit) for unit in range(len(found.templates))]
    spread = np.array([_spread(train, signal.fs) for train in trains])
    lost = np.array([train.size < settings.least_discharges for train in trains])
    paused = np.array([pause_share(train, signal.fs) > PROMISING_PAUSES for train in trains])
    irregular = np.flatnonzero(~lost & ((spread > most_covisi) | paused))
    worst = irregular[np.argsort(-spread[irregular], kind="stable")]
    # One that takes the discharges of others makes those irregular too: only some go at once.
    lost[worst if everything else worst[: 1 + worst.size // 3]] = True
    sums = shares_explained(signal, found.templates) > SUM_SHARE
    sums &= ~lost & (spread > REGULAR)
    if sums.any():
        lost[int(np.argmax(np.where(sums, spread, 0.0)))] = True
    return lost


def _spread(train: Ints, fs: float) -> float:
    """CoV of the intervals; a large number where there are too few."""
    value = covisi(train, fs).value
    return value if np.isfinite(value) else 9.0
