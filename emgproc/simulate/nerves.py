"""Nerve conduction and spontaneous activity as a clinic would type them from a report."""

from dataclasses import dataclass

import numpy as np

from emgproc.simulate.course import pool_of
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.stimulation import Nerve, StimulationSettings, absent_nerve, draw_nerve
from emgproc.simulate.stimulation.sweeps import maximal_response
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.visits import SIDE, recorded, recording_id, short_name

# Nerve → muscle whose response is measured. A muscle with an EMG channel has that channel's units.
NERVES = {
    "peroneal": "tibialis_anterior",
    "tibial": "abductor_hallucis",
    "ulnar": "abductor_digiti_minimi",
}
ABSENT_SHARE = 0.1  # up to 30 % of motor responses are absent in SMA type I (Renault 1983)
REPEATABILITY = 0.05
MAX_SCORE = 4
MOST_UNITS = 64  # axons are drawn for so many, so that a unit keeps its axon from visit to visit


@dataclass(frozen=True, slots=True, eq=False)
class _Supply:
    """An infant's stimulated nerves: living units at baseline, absence, units that may live.

    `rng` goes on to draw what is read from the device.
    """

    n: dict[str, int]
    absent: dict[str, bool]
    pools: dict[str, Pool]
    rng: np.random.Generator

    def pool(self, design: StudyDesign, infant: InfantDesign, position: int, nerve: str) -> Pool:
        """Units that answer a stimulus at the visit in `position`."""
        muscle = NERVES[nerve]
        if muscle in design.muscles:
            return pool_of(design, infant, position, design.muscles.index(muscle))
        gain = design.scenario.cmap_gain if design.changed(infant, position) else 1.0
        return self.pools[nerve].first(round(self.n[nerve] * gain))


def _supply(design: StudyDesign, infant: InfantDesign) -> _Supply:
    rng = np.random.default_rng((design.seed, infant.number, 200))
    n = {nerve: int(rng.integers(8, 15)) for nerve in NERVES}
    absent = {nerve: bool(rng.random() < ABSENT_SHARE) for nerve in NERVES}
    pools = {nerve: draw_pool(rng, 2 * n[nerve], n_at_onset=n[nerve], rhythmic_share=0.0)
             for nerve in NERVES}  # fmt: skip
    return _Supply(n, absent, pools, rng)


def motor_nerve(design: StudyDesign, infant: InfantDesign, position: int, nerve: str) -> Nerve:
    """The axons and units that a stimulus reaches at a visit; none where the response is absent.

    Parameters
    ----------
    design, infant, position
        The visit.
    nerve
        One of `NERVES`.
    """
    supply = _supply(design, infant)
    if supply.absent[nerve]:
        return absent_nerve()
    sizes = supply.pool(design, infant, position, nerve).smup_uv
    rng = np.random.default_rng((design.seed, infant.number, 700 + list(NERVES).index(nerve)))
    axons = draw_nerve(rng, np.ones(MOST_UNITS), velocity_m_s=37.0, terminal_s=0.0016)
    keep = slice(sizes.size)
    return Nerve(
        sizes, axons.terminal_s[keep], axons.velocity_m_s[keep], axons.negative_phase_s[keep],
        axons.threshold_ma[keep], axons.relative_spread[keep],
    )  # fmt: skip


def stimulation_settings(infant: InfantDesign, position: int, nerve: str) -> StimulationSettings:
    """Electrodes and stimulator of a nerve at a visit."""
    muscle = NERVES[nerve]
    return StimulationSettings(
        source=f"{recording_id(infant, position, nerve)}.h5",
        name=f"{short_name(muscle)}_{SIDE}",
        muscle=muscle,
        side=SIDE,
    )


def measurement_rows(design: StudyDesign, infant: InfantDesign) -> list[Row]:
    """Rows of phenotype/measurements.tsv of one infant: CMAP and spontaneous-activity score.

    Amplitudes are read with a relative error of SD 5 %; a response that is absent at baseline
    stays absent. Where responses are recorded, they are what is read, otherwise the sum of the
    units' sizes.
    """
    supply = _supply(design, infant)
    rows: list[Row] = []
    for position in recorded(infant):
        shared = {
            "participant_id": infant.participant_id,
            "session_id": infant.visits[position].session_id,
            "side": SIDE,
            "source": "device_report",
        }
        for nerve, muscle in NERVES.items():
            error = np.exp(supply.rng.normal(0, REPEATABILITY))
            mv = _amplitude_mv(design, infant, position, nerve, supply)
            rows.append(
                {
                    **shared,
                    "muscle": muscle,
                    "nerve": nerve,
                    "measure": "cmap_amp_mv",
                    "value": "" if supply.absent[nerve] else f"{mv * error:.3f}",
                    "absent": supply.absent[nerve],
                }
            )
        score = _score(design, infant, position)
        rows.append({**shared, "measure": "spont_score", "value": score, "absent": False})
    return rows


def _amplitude_mv(
    design: StudyDesign, infant: InfantDesign, position: int, nerve: str, supply: _Supply
) -> float:
    if design.scenario.surface or supply.absent[nerve]:
        return supply.pool(design, infant, position, nerve).cmap_uv / 1000
    reached = motor_nerve(design, infant, position, nerve)
    settings = stimulation_settings(infant, position, nerve)
    return maximal_response(reached, settings).amplitude_mv


def _score(design: StudyDesign, infant: InfantDesign, position: int) -> int:
    """Spontaneous activity from 0 to 4: the share of units that fire on their own, in eighths."""
    pools = [pool_of(design, infant, position, group) for group in range(len(design.muscles))]
    share = np.mean(np.concatenate([pool.rhythmic for pool in pools]))
    return min(MAX_SCORE, round(8 * float(share)))
