"""What an analysed study holds, frozen; a number that could not be had is `None`, never NaN."""

from dataclasses import dataclass
from typing import Any

from emgproc.outcome.plain import plain_values
from emgproc.outcome.secondary_model import SecondaryOutcomes

PASSED = "passed"
FAILED = "failed"
NOT_EVALUABLE = "not evaluable"
CLAIM = "improved tone may be stated"
NO_CLAIM = "no claim"
ALL_INFANTS = "all infants"
MEASURED = "infants measured at both visits"
SURVIVORS_ONLY = "survivors only"


@dataclass(frozen=True, slots=True)
class VisitLevel:
    """One visit of a pair: the powers that were measured, and T where the pair has one.

    `ms_uv2` and `noise_power_uv2` are µV², `tone_ln` is ln units, `n_windows` 1-s windows.
    """

    session_id: str
    recording_id: str
    ms_uv2: float | None
    noise_power_uv2: float | None
    noise_method: str
    n_windows: int | None
    tone_ln: float | None
    censored: bool
    flags: tuple[str, ...] = ()
    reason: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One muscle and side at baseline and at a later visit.

    `change_ln` is D = T(visit) − T(baseline); `reason` says why there is none.
    """

    participant_id: str
    arm: str
    muscle: str
    side: str
    session_id: str
    baseline: VisitLevel
    visit: VisitLevel
    lod2_uv2: float | None
    change_ln: float | None
    evaluable: bool
    both_censored: bool
    reason: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InfantOutcome:
    """One infant: D_p over the muscle groups, death, and what happened on the way.

    `change_ln` (D_p) is the mean over groups of the mean over sides. `death_day` counts from the
    infant's index date and is set only where the death came before an observed month 3.
    `in_primary` tells whether the infant enters the primary test: with D, or as dead.
    """

    participant_id: str
    arm: str
    treated: bool
    change_ln: float | None
    n_groups: int
    groups: tuple[str, ...]
    both_censored_share: float | None
    died: bool
    death_day: int | None
    in_primary: bool
    reason: str
    flags: tuple[str, ...] = ()
    change_post_ln: float | None = None
    post_reason: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect in ln units and as a ratio, with its exact interval and the level it attains.

    `label`: over all infants, those measured at both visits, or survivors only. `ci_ln` is `None`
    where no exact interval exists; `note` says where the nominal level is not reached.
    """

    method: str
    label: str
    estimate_ln: float
    ratio: float
    ci_ln: tuple[float, float] | None
    ci_ratio: tuple[float, float] | None
    level_nominal: float
    level_attained: float | None
    n_treated: int
    n_control: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wins:
    """Every treated against every control infant: deaths lose, else the larger D wins."""

    wins: int
    losses: int
    ties: int
    net_benefit: float
    win_odds: float | None
    win_ratio: float | None
    p: float
    count: int
    splits: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """The statistic over all splits: sorted distinct `values`, how many splits give each."""

    statistic: str
    values: tuple[float, ...]
    counts: tuple[int, ...]
    observed: float
    centre: float


@dataclass(frozen=True, slots=True)
class Primary:
    """The primary result: one p over all splits, the effect, and what it cannot say.

    `count` of `splits` allocations are at least as extreme as the observed one ("8/252").
    `n_treated` and `n_control` count infants with D observed or dead. `no_interval_reason` is set
    where no interval over all infants is given. `reason` is set where nothing is estimable.
    """

    estimable: bool
    reason: str
    feature: str
    test: str
    alpha: float
    n_treated: int
    n_control: int
    deaths_treated: int
    deaths_control: int
    p: float | None = None
    count: int | None = None
    splits: int | None = None
    smallest_p: float | None = None
    alpha_reachable: bool | None = None
    smallest_p_statement: str = ""
    effect: Effect | None = None
    no_interval_reason: str = ""
    wins: Wins | None = None
    null: NullDistribution | None = None
    both_censored_share: float | None = None
    uninformative: bool = False
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One sensitivity analysis, descriptive: `p` is nominal.

    An estimate that is no ln shift (an index, net benefit) stands in `note`.
    `range_ln` and `range_p`: smallest and largest where the row stands for several analyses.
    `curve`: points (value given to the missing, ln, or Γ; p), where p is shown along a doubt.
    """

    id: str
    name: str
    estimable: bool
    reason: str
    estimate_ln: float | None = None
    ci_ln: tuple[float, float] | None = None
    level_attained: float | None = None
    p: float | None = None
    count: int | None = None
    splits: int | None = None
    n_treated: int = 0
    n_control: int = 0
    note: str = ""
    range_ln: tuple[float, float] | None = None
    range_p: tuple[float, float] | None = None
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class GateCondition:
    """One of the four conditions; `status` is passed, failed or not evaluable."""

    id: str
    name: str
    status: str
    value: float | None
    limit: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Gate:
    """May "improved tone" be stated? Only where every condition passed."""

    conditions: tuple[GateCondition, ...]
    verdict: str
    reason: str

    @property
    def claim(self) -> bool:
        """Every condition passed and nothing voids the claim."""
        return self.verdict == CLAIM


@dataclass(frozen=True, slots=True)
class SecondaryPost:
    """Secondary outcome 1: change from baseline to the visit right after the last dose."""

    estimable: bool
    reason: str
    effect: Effect | None
    mean_treated_ln: float | None
    mean_control_ln: float | None
    n_treated: int
    n_control: int
    p_nominal: float | None
    note: str = "descriptive; p is nominal"


@dataclass(frozen=True, slots=True)
class FlowArm:
    """How many infants of one arm came in, stayed and left."""

    arm: str
    treated: bool
    planned: int | None
    enrolled: int
    observed: int
    died: int
    missing: int
    in_primary: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One infant that does not enter the primary test, and why."""

    participant_id: str
    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything one analysis of a study says; `to_dict` gives it as JSON-able values."""

    study_id: str
    feature: str
    baseline_session: str
    visit_session: str
    primary: Primary
    gate: Gate
    pairs: tuple[Pair, ...]
    pairs_post: tuple[Pair, ...]
    infants: tuple[InfantOutcome, ...]
    sensitivity: tuple[SensitivityRow, ...]
    secondary_post: SecondaryPost
    secondary: SecondaryOutcomes
    flow: tuple[FlowArm, ...]
    exclusions: tuple[Exclusion, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def n_in(self) -> int:
        """Infants enrolled."""
        return sum(arm.enrolled for arm in self.flow)

    @property
    def n_analysed(self) -> int:
        """Infants in the primary test: with D observed, or dead before month 3."""
        return sum(arm.in_primary for arm in self.flow)

    def to_dict(self) -> dict[str, Any]:
        """All fields as dicts, lists, strings, numbers and None: ready for JSON."""
        plain = plain_values(self)
        plain |= {"n_in": self.n_in, "n_analysed": self.n_analysed}
        plain["gate"]["claim"] = self.gate.claim
        return dict(plain)
