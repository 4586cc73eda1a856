"""Every secondary outcome of a study, and its description, in one piece."""

from collections.abc import Sequence

from emgproc.outcome.baseline import baseline_rows
from emgproc.outcome.csf import csf_outcome
from emgproc.outcome.estimand import estimand_rows, intercurrent_events
from emgproc.outcome.longevity import longevity
from emgproc.outcome.model import InfantOutcome, Pair
from emgproc.outcome.reliability import reliability
from emgproc.outcome.safety import safety_outcome
from emgproc.outcome.secondary_model import SecondaryOutcomes
from emgproc.outcome.sources import Sources, session_of
from emgproc.study.model import Study


def secondary_outcomes(
    study: Study, sources: Sources, pairs: Sequence[Pair], infants: Sequence[InfantOutcome]
) -> SecondaryOutcomes:
    """Secondary outcomes 2 to 4, reliability, baseline, estimand and intercurrent events."""
    session = session_of(study.protocol.primary.baseline)
    return SecondaryOutcomes(
        csf=csf_outcome(study),
        safety=safety_outcome(study),
        longevity=longevity(study),
        reliability=reliability(study, sources, infants),
        baseline=baseline_rows(study, infants, pairs, session),
        intercurrent=intercurrent_events(study, infants),
        estimand=estimand_rows(study.protocol),
    )
