"""What the secondary outcomes hold, frozen: every one descriptive, every p nominal."""

from dataclasses import dataclass

from emgproc.outcome.change_model import AfterDose, CmapOutcome, DoseChange

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Proportion:
    """`k` of `n` infants of one arm, with the exact interval and the mid-P one.

    `reason` says why there is no proportion (nobody at risk, somebody lost before).
    """

    name: str
    arm: str
    k: int | None
    n: int
    value: float | None
    ci: Limits | None
    ci_mid_p: Limits | None
    level: float
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TwoProportions:
    """Treated against control: risk difference (Newcombe), Fisher's p and its mid-p, nominal."""

    name: str
    difference: float | None
    ci: Limits | None
    p_nominal: float | None
    mid_p_nominal: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CsfRow:
    """One assay of one sample: `day` is the study day, `days_after_dose` since the last before."""

    participant_id: str
    arm: str
    day: int
    dose_no_before: int | None
    days_after_dose: int | None
    after_last_dose: bool | None
    same_day: bool
    method: str
    marker: str
    result: str
    volume_ml: float | None
    lod: float | None
    cells_per_ml: float | None
    rbc: float | None


@dataclass(frozen=True, slots=True)
class CsfOutcome:
    """Secondary outcome 2: injected cells in the cerebrospinal fluid after the last dose.

    `proportions` are of the treated infants only; detection never implies viability.
    """

    estimable: bool
    reason: str
    rows: tuple[CsfRow, ...]
    proportions: tuple[Proportion, ...]
    against_controls: TwoProportions | None
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SafetyEvent:
    """One adverse event as the investigator wrote it; days are study days.

    `emergent`: it began on or after dose 1 (control: the index day). `categorised`: the table or
    the kind of the event says its category.
    """

    participant_id: str
    arm: str
    event_id: str
    kind: str
    category: str
    categorised: bool
    term: str
    day: int
    end_day: int | None
    days_after_dose: int | None
    emergent: bool
    grade: int | None
    serious: bool | None
    related: str
    expected: bool | None
    action: str
    outcome: str


@dataclass(frozen=True, slots=True)
class SafetyRow:
    """One category in one arm: infants with an emergent event, events, worst grades.

    `worst_grades[g]` counts infants whose worst grade is g; index 0 those without a grade.
    """

    category: str
    arm: str
    infants: Proportion
    events: int
    worst_grades: tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Safety:
    """Secondary outcome 3: sensitivity or infection, and every other adverse event."""

    grading: str
    events: tuple[SafetyEvent, ...]
    rows: tuple[SafetyRow, ...]
    differences: tuple[TwoProportions, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One infant's time from the index date, days: to the event, or to the last contact."""

    participant_id: str
    arm: str
    treated: bool
    days: int
    event: bool
    what: str


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Kaplan–Meier estimate of one arm at its event times; None where it cannot be estimated."""

    arm: str
    n: int
    n_events: int
    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    survival: tuple[float, ...]
    ci_low: tuple[float | None, ...]
    ci_high: tuple[float | None, ...]
    censored: tuple[float, ...]
    median_days: float | None
    follow_up_median_days: float | None
    restricted_mean_days: float | None


@dataclass(frozen=True, slots=True)
class SurvivalEndpoint:
    """One time to event: both curves, exact log-rank and restricted means up to `tau_days`."""

    id: str
    name: str
    follow_up: tuple[FollowUp, ...]
    curves: tuple[SurvivalCurve, ...]
    estimable: bool
    reason: str
    tau_days: float | None = None
    restricted_difference_days: float | None = None
    restricted_ci_days: Limits | None = None
    p_nominal: float | None = None
    count: int | None = None
    splits: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Longevity:
    """Secondary outcome 4: death, and death or permanent ventilation, from the index date."""

    endpoints: tuple[SurvivalEndpoint, ...]
    landmarks: tuple[Proportion, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RetestPair:
    """One infant and session measured twice: mean ln level over the same muscles."""

    participant_id: str
    session_id: str
    n_muscles: int
    first_ln: float
    second_ln: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """What repeat recordings say of the measurement: error in ln units, ICC, and who responded.

    `sem_ln` is √MSE of two recordings, `mdc95_ln` = 1.96·√2·SEM; `responders` are infants whose D
    exceeds it. `bias_ln` is second minus first with its t interval, the limits of agreement have
    Carkeet's exact ones. Not estimable without enough repeats: no error of another study is
    imported.
    """

    estimable: bool
    reason: str
    pairs: tuple[RetestPair, ...]
    left_out: tuple[str, ...] = ()
    icc_agreement: float | None = None
    icc_agreement_ci: Limits | None = None
    icc_consistency: float | None = None
    icc_consistency_ci: Limits | None = None
    sem_ln: float | None = None
    mdc95_ln: float | None = None
    bias_ln: float | None = None
    bias_ci_ln: Limits | None = None
    limits_ln: Limits | None = None
    limits_low_ci_ln: Limits | None = None
    limits_high_ci_ln: Limits | None = None
    responders: tuple[Proportion, ...] = ()
    responders_compared: TwoProportions | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One baseline variable in one arm, and its standardised difference between the arms.

    `values` lists every infant's value: five numbers say more than a mean.
    """

    variable: str
    unit: str
    arm: str
    n: int
    n_missing: int
    mean: float | None
    sd: float | None
    median: float | None
    low: float | None
    high: float | None
    values: tuple[float, ...]
    smd: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IntercurrentEvent:
    """What happened to one infant on the way, and the strategy the protocol declares for it."""

    participant_id: str
    arm: str
    kind: str
    day: int | None
    words: str
    strategy: str


@dataclass(frozen=True, slots=True)
class EstimandRow:
    """One attribute of the estimand (ICH E9(R1)) in words."""

    attribute: str
    text: str


@dataclass(frozen=True, slots=True)
class SecondaryOutcomes:
    """Every secondary outcome and description of a study.

    `after_doses` and `dose_changes` are empty where no visit is planned after each dose.
    """

    after_doses: tuple[AfterDose, ...]
    dose_changes: tuple[DoseChange, ...]
    cmap: CmapOutcome
    csf: CsfOutcome
    safety: Safety
    longevity: Longevity
    reliability: Reliability
    baseline: tuple[BaselineRow, ...]
    intercurrent: tuple[IntercurrentEvent, ...]
    estimand: tuple[EstimandRow, ...]
