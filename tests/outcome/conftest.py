"""Studies built by hand: known changes, known deaths, no signal anywhere."""

import copy
import math
from datetime import date, datetime, timedelta

import pytest

from emgproc.study.model import Study
from emgproc.study.parse import parse_protocol
from emgproc.study.rows import (
    ClinicalEvent,
    CsfSample,
    Exposure,
    Measurement,
    Participant,
    RecordingRow,
    Visit,
)
from emgproc.study.visit_table import RecordingFailure, VisitValue

MUSCLES = ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior")
INDEX = date(2015, 10, 1)
NOISE = 4.0
PROTOCOL = {
    "schema": 1,
    "study": {"id": "HAND1", "title": "A study by hand", "data_cutoff": date(2016, 12, 31)},
    "design": {
        "allocation": "non-randomised",
        "masking": "open",
        "planned_n": 10,
        "arms": [
            {"id": "MSC", "planned_n": 5, "treated": True},
            {"id": "CTRL", "planned_n": 5, "treated": False},
        ],
    },
    "dose": {
        "arm": "MSC", "route": "intrathecal", "levels": [2e6, 5e6, 1e7],
        "nominal_days": [1, 15, 29],
    },
    "visit": [
        {"id": "EMG_BL", "anchor": "index", "offset": "P0D", "window": [-14, 0]},
        {
            "id": "EMG_POST", "anchor": "last_dose", "offset": "P0D", "window": [0, 7],
            "control_anchor_day": 29,
        },
        {
            "id": "EMG_M3", "anchor": "last_dose", "offset": "P3M", "window": [-14, 14],
            "control_anchor_day": 29,
        },
    ],
    "primary": {
        "feature": "tone_primary_v1", "unit": "ln_uV", "muscles": list(MUSCLES), "sides": ["L"],
        "state": ["state/3"], "aggregate": "mean_of_ln", "transform": "none",
        "benefit": "increase", "loq": "lod_pair", "min_muscles": 2, "baseline": "EMG_BL",
        "visit": "EMG_M3",
    },
    "analysis": {
        "test": "wmw_worst_rank", "alpha": 0.05, "margin": 0.0,
        "sensitivity": ["bounds", "gamma", "tipping"], "seed": 1,
    },
    "ice": {
        "death": "composite", "other_sma_therapy": "policy",
        "ventilation": {"strategy": "policy", "hours_per_day": 16.0, "days": 14},
    },
    "plans": {"semg": "plan.toml"},
    "protocol_note": [{"id": "C14", "a": "Muscle Tone", "b": "Electromyogram", "adopted": "T"}],
}  # fmt: skip
DAY_OF = {"ses-baseline": -2, "ses-post": 30, "ses-month3": 119}


class HandMade:
    """A study under construction; `build()` gives (study, values, failures)."""

    def __init__(self):
        self.protocol = copy.deepcopy(PROTOCOL)
        self.participants, self.visits, self.recordings = [], [], []
        self.exposures, self.events, self.measurements, self.csf = [], [], [], []
        self.values, self.failures = [], []

    def infant(self, name, arm, change=None, *, post=None, death_day=None, tone=3.0, **about):
        """`change` and `post`: D in ln of all muscles, or a list by muscle, or None for none."""
        died = None if death_day is None else INDEX + timedelta(days=death_day - 1)
        self.participants.append(
            Participant(
                participant_id=name, arm=arm, age_months=8.0, sex="F", index_date=INDEX,
                last_contact_date=died or date(2016, 6, 1), death_date=died, **about,
            )
        )  # fmt: skip
        if arm == "MSC":
            for k, cells in enumerate((2e6, 5e6, 1e7)):
                when = datetime(2015, 10, 1) + timedelta(days=14 * k)
                self.exposures.append(
                    Exposure(participant_id=name, dose_no=k + 1, given_at=when,
                             planned_cells=cells, given_cells=cells, route="intrathecal")
                )  # fmt: skip
        sessions = {"ses-baseline": 0.0, "ses-post": post, "ses-month3": change}
        for session, d in sessions.items():
            if d is not None:
                self.visit(name, session, d, tone=tone)
        return self

    def visit(self, name, session, change=0.0, *, tone=3.0, day=None, noise=NOISE):
        when = INDEX + timedelta(days=DAY_OF[session] if day is None else day)
        self.visits.append(Visit(participant_id=name, session_id=session, date=when))
        by_muscle = change if isinstance(change, list | tuple) else [change] * len(MUSCLES)
        for muscle, d in zip(MUSCLES, by_muscle, strict=True):
            self.channel(name, session, muscle, tone * math.exp(d), noise=noise, when=when)
        return self

    def channel(
        self, name, session, muscle, tone_uv, *, noise=NOISE, when=INDEX, side="L",
        recording=None, method="N1", reason="", flags=(), **row,
    ):  # fmt: skip
        recording = recording or f"{name}_{session}"
        channel = f"{muscle}_{side}"
        self.recordings.append(
            RecordingRow(
                recording_id=recording, participant_id=name, session_id=session, channel=channel,
                start=datetime(when.year, when.month, when.day), file=f"{recording}.edf",
                muscle=muscle, side=side, **row,
            )
        )  # fmt: skip
        ms = math.nan if reason else tone_uv**2 + noise
        self.value(recording, name, session, muscle, side, "tone_ms_uv2", ms, reason, flags)
        self.value(
            recording, name, session, muscle, side, "noise_power_uv2", noise, "",
            (f"noise_{method}", *flags) if method else flags,
        )  # fmt: skip
        return self

    def value(
        self, recording, name, session, muscle, side, feature, value, reason="", flags=(), n=60
    ):
        self.values.append(
            VisitValue(
                participant_id=name, session_id=session, recording_id=recording,
                channel=f"{muscle}_{side}", muscle=muscle, side=side, modality="semg",
                feature=feature, unit="uV^2", value=value, n=n, flags=tuple(flags), reason=reason,
            )
        )  # fmt: skip
        return self

    def sample(self, name, day, result, **about):
        """A cerebrospinal fluid sample on a study day of that infant."""
        when = INDEX + timedelta(days=day - 1)
        self.csf.append(
            CsfSample(participant_id=name, date=when, method="qPCR", result=result, **about)
        )
        return self

    def change_value(self, feature, **fields):
        """Edit every value of a feature that matches `fields` (all but value, reason, flags)."""
        new = {k: fields.pop(k) for k in ("value", "reason", "flags") if k in fields}
        for i, v in enumerate(self.values):
            if v.feature == feature and all(getattr(v, k) == x for k, x in fields.items()):
                kept = {f: getattr(v, f) for f in v.__dataclass_fields__}
                self.values[i] = VisitValue(**{**kept, **new})
        return self

    def event(self, name, kind, day, *, term="", **about):
        start = INDEX + timedelta(days=day - 1)
        self.events.append(
            ClinicalEvent(
                participant_id=name, event_id=f"E{len(self.events)}", kind=kind,
                term=term or kind, start=start, **about,
            )
        )  # fmt: skip
        return self

    def measured(self, name, measure, baseline, month3, **about):
        for session, value in (("ses-baseline", baseline), ("ses-month3", month3)):
            self.measurements.append(
                Measurement(
                    participant_id=name, session_id=session, measure=measure, value=value,
                    source="device_report", absent=value is None, **about,
                )
            )  # fmt: skip
        return self

    def coherent(self, cmap=(1.0, 1.2), score=(2.0, 1.0)):
        """CMAP and spontaneous-activity score of every treated infant at both visits."""
        for person in self.participants:
            if person.arm == "MSC":
                self.measured(person.participant_id, "cmap_amp_mv", *cmap, nerve="ulnar", side="L")
                self.measured(person.participant_id, "spont_score", *score, muscle="deltoid")
        return self

    def fail(self, recording, name, session, code="unreadable"):
        self.failures.append(
            RecordingFailure(recording, name, session, f"{recording}.edf", code, "broken")
        )
        self.values = [v for v in self.values if v.recording_id != recording]
        return self

    def build(self):
        protocol, problems = parse_protocol(copy.deepcopy(self.protocol))
        assert protocol is not None, problems
        study = Study(
            root=None,
            protocol=protocol,
            participants=tuple(self.participants),
            visits=tuple(self.visits),
            recordings=tuple(self.recordings),
            exposures=tuple(self.exposures),
            clinical_events=tuple(self.events),
            measurements=tuple(self.measurements),
            csf=tuple(self.csf),
        )
        return study, tuple(self.values), tuple(self.failures)


D_TREATED = (0.37320425, 0.14953173, 0.51445539, -0.11332869, 0.36422215)
D_CONTROL = (-0.19845094, -0.08223810, -0.28768207, -0.13554549, 0.06453852)


@pytest.fixture
def made():
    """An empty study to build on."""
    return HandMade()


@pytest.fixture
def ten():
    """Ten infants with the changes D1 of the trial specification, all alive and measured."""
    study = HandMade()
    for k, d in enumerate(D_TREATED):
        study.infant(f"sub-T{k + 1}", "MSC", d, post=d / 2)
    for k, d in enumerate(D_CONTROL):
        study.infant(f"sub-C{k + 1}", "CTRL", d, post=d / 2)
    return study
