"""Nerve conduction and spontaneous activity as a clinic would type them from a report."""

import numpy as np

from emgproc.simulate.course import pool_of
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.visits import recorded

# Nerve → muscle whose response is measured. A muscle with an EMG channel has that channel's units.
NERVES = {
    "peroneal": "tibialis_anterior",
    "tibial": "abductor_hallucis",
    "ulnar": "abductor_digiti_minimi",
}
ABSENT_SHARE = 0.1  # up to 30 % of motor responses are absent in SMA type I (Renault 1983)
REPEATABILITY = 0.05
MAX_SCORE = 4


def measurement_rows(design: StudyDesign, infant: InfantDesign) -> list[Row]:
    """Rows of phenotype/measurements.tsv of one infant: CMAP and spontaneous-activity score.

    Amplitudes are the sum of the units' sizes, read with a relative error of SD 5 %; a response
    that is absent at baseline stays absent.
    """
    rng = np.random.default_rng((design.seed, infant.number, 200))
    n = {nerve: int(rng.integers(8, 15)) for nerve in NERVES}
    absent = {nerve: bool(rng.random() < ABSENT_SHARE) for nerve in NERVES}
    pools = {nerve: draw_pool(rng, 2 * n[nerve], n_at_onset=n[nerve], rhythmic_share=0.0)
             for nerve in NERVES}  # fmt: skip
    rows: list[Row] = []
    for position in recorded(infant):
        shared = {
            "participant_id": infant.participant_id,
            "session_id": infant.visits[position].session_id,
            "side": "L",
            "source": "device_report",
        }
        muscles = {
            muscle: pool_of(design, infant, position, group)
            for group, muscle in enumerate(design.muscles)
        }
        gain = design.scenario.cmap_gain if design.changed(infant, position) else 1.0
        for nerve, muscle in NERVES.items():
            pool = muscles.get(muscle) or pools[nerve].first(round(n[nerve] * gain))
            read = f"{pool.cmap_uv / 1000 * np.exp(rng.normal(0, REPEATABILITY)):.3f}"
            rows.append(
                {
                    **shared,
                    "muscle": muscle,
                    "nerve": nerve,
                    "measure": "cmap_amp_mv",
                    "value": "" if absent[nerve] else read,
                    "absent": absent[nerve],
                }
            )
        score = _score(list(muscles.values()))
        rows.append({**shared, "measure": "spont_score", "value": score, "absent": False})
    return rows


def _score(pools: list[Pool]) -> int:
    """Spontaneous activity from 0 to 4: the share of units that fire on their own, in eighths."""
    share = np.mean(np.concatenate([pool.rhythmic for pool in pools]))
    return min(MAX_SCORE, round(8 * float(share)))
