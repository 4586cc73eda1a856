"""What the analysis datasets are made from: an export, and what the analysis said of it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from emgproc.errors import ParameterError
from emgproc.outcome.model import InfantOutcome, Outcome
from emgproc.outcome.secondary_model import SafetyEvent
from emgproc.standards.datasets_model import Value
from emgproc.standards.datasets_text import split_text
from emgproc.standards.sdtm_findings import recording_days
from emgproc.standards.sdtm_people import visit_done
from emgproc.standards.sdtm_source import Export

MORE = "[more in group/outcome.json]"


@dataclass(frozen=True)
class Analysis:
    """An export and its outcome.

    Attributes
    ----------
    export
        The study as it is exported.
    outcome
        Of `emgproc.outcome.analyse` on the same study, values and failures.
    mdc95_ln
        Minimal detectable change of D at 95 %, ln units, > 0; None takes that of the study's own
        repeat recordings, where it has any.

    Raises
    ------
    ParameterError
        The outcome is of another study or of other infants, or `mdc95_ln` is not above 0.
    """

    export: Export
    outcome: Outcome
    mdc95_ln: float | None = None

    def __post_init__(self) -> None:
        study = self.export.study
        enrolled = {person.participant_id for person in study.enrolled()}
        analysed = {infant.participant_id for infant in self.outcome.infants}
        if self.outcome.study_id != study.protocol.study.id or enrolled != analysed:
            raise ParameterError(
                f"the outcome is of {self.outcome.study_id} with {len(analysed)} infants, the "
                f"study is {study.protocol.study.id} with {len(enrolled)}: analyse it anew"
            )
        if self.mdc95_ln is not None and not self.mdc95_ln > 0:
            raise ParameterError(f"mdc95_ln must be > 0, got {self.mdc95_ln!r}")

    @functools.cached_property
    def infants(self) -> Mapping[str, InfantOutcome]:
        """Outcome of each enrolled infant by participant_id, in their order."""
        found = {infant.participant_id: infant for infant in self.outcome.infants}
        return {name: found[name] for name in sorted(found)}

    @functools.cached_property
    def safety(self) -> Mapping[tuple[str, str], SafetyEvent]:
        """What the outcome says of each adverse event, by participant_id and event_id."""
        events = self.outcome.secondary.safety.events
        return {(event.participant_id, event.event_id): event for event in events}

    @functools.cached_property
    def recorded_on(self) -> Mapping[str, date]:
        """Day of each recording."""
        return recording_days(self.export)

    @property
    def detectable_ln(self) -> float | None:
        """Minimal detectable change: the given one, else that of the repeat recordings."""
        if self.mdc95_ln is not None:
            return self.mdc95_ln
        return self.outcome.secondary.reliability.mdc95_ln

    @property
    def sign(self) -> int:
        """+1 where a larger change is the benefit, −1 where a smaller one is."""
        return 1 if self.export.study.protocol.primary.benefit == "increase" else -1

    def first_columns(self, participant_id: str) -> dict[str, Value]:
        """STUDYID, USUBJID, TRT01P and TRT01A."""
        return {**self.export.infant(participant_id), **self.treatment(participant_id)}

    def treatment(self, participant_id: str) -> dict[str, Value]:
        """Planned and actual treatment of an enrolled infant."""
        study = self.export.study
        name = self.export.arm_name(study.arm_of(participant_id))
        dosed = study.first_dose(participant_id) is not None
        given = dosed or not study.treated_of(participant_id)
        return {"TRT01P": name, "TRT01A": name if given else None}

    def reason(self, text: str, name: str = "AREASND") -> dict[str, Value]:
        """Why a value is missing, over `name` and two more variables."""
        stem = name[:7]
        names = (name, f"{stem}1", f"{stem}2")
        return {**split_text(self.export.text(text), names, name, MORE)}

    def safety_set(self, participant_id: str) -> bool:
        """Enrolled, and in a treated arm at least one dose given."""
        return self.treatment(participant_id)["TRT01A"] is not None

    def visit_day(
        self, participant_id: str, session_id: str, recording_id: str = ""
    ) -> date | None:
        """Day of the recording, else of the visit that took place; None where neither is known."""
        if recording_id in self.recorded_on:
            return self.recorded_on[recording_id]
        study = self.export.study
        visit = study.visit(participant_id, session_id)
        done = visit_done(study, participant_id, session_id)
        return visit.date if visit is not None and done else None
