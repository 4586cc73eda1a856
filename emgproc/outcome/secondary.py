"""Every secondary outcome of a study, and its description, in one piece."""

from emgproc.outcome.baseline import baseline_rows
from emgproc.outcome.cmap import cmap_outcome
from emgproc.outcome.csf import csf_outcome
from emgproc.outcome.doses import after_doses
from emgproc.outcome.estimand import estimand_rows, intercurrent_events
from emgproc.outcome.longevity import longevity
from emgproc.outcome.reliability import reliability
from emgproc.outcome.safety import safety_outcome
from emgproc.outcome.secondary_model import SecondaryOutcomes
from emgproc.outcome.sensitivity_row import Material
from emgproc.outcome.sources import session_of


def secondary_outcomes(material: Material) -> SecondaryOutcomes:
    """Tone after each dose, ln CMAP, outcomes 2 to 4, reliability, and what describes a study."""
    study, infants = material.study, material.infants
    session = session_of(study.protocol.primary.baseline)
    return SecondaryOutcomes(
        after_doses=after_doses(material.dose_changes, material.question),
        dose_changes=material.dose_changes,
        cmap=cmap_outcome(study, infants, material.question),
        csf=csf_outcome(study),
        safety=safety_outcome(study),
        longevity=longevity(study),
        reliability=reliability(study, material.sources, infants),
        baseline=baseline_rows(study, infants, material.pairs, session),
        intercurrent=intercurrent_events(study, infants),
        estimand=estimand_rows(study.protocol),
    )
