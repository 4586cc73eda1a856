"""What descriptive changes hold, frozen: tone right after each dose, and the motor response."""

from dataclasses import dataclass

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DoseChange:
    """One infant's change from baseline to the visit right after one dose.

    `first_day` to `last_day` is the window after the dose and `day` the first recording in it, as
    study days; `recordings` those that the change comes from. `reason` says why there is none.
    """

    participant_id: str
    arm: str
    treated: bool
    dose_no: int
    first_day: int | None
    last_day: int | None
    day: int | None
    n_groups: int
    change_ln: float | None
    recordings: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ArmsCompared:
    """Changes of both arms, and the shift between them; descriptive, p is nominal.

    `shift_ci_ln` is exact and of `level_attained`; `reason` says why the arms are not compared.
    """

    n_treated: int
    n_control: int
    mean_treated_ln: float | None
    mean_control_ln: float | None
    shift_ln: float | None = None
    shift_ci_ln: Limits | None = None
    level_attained: float | None = None
    p_nominal: float | None = None
    count: int | None = None
    splits: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AfterDose:
    """Secondary outcome 1 right after one dose."""

    dose_no: int
    arms: ArmsCompared


@dataclass(frozen=True, slots=True)
class CmapSite:
    """Motor response of one nerve and muscle at baseline and the primary visit, mV.

    `at_limit`: at one of them it was below the limit, or absent, and is left-censored there;
    `absent` names the visits without any response.
    """

    participant_id: str
    arm: str
    nerve: str
    muscle: str
    side: str
    baseline_mv: float | None
    visit_mv: float | None
    at_limit: bool
    change_ln: float | None
    absent: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CmapChange:
    """One infant's change of ln CMAP, mean over its sites, sides averaged first."""

    participant_id: str
    arm: str
    treated: bool
    n_sites: int
    change_ln: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CmapOutcome:
    """The leading secondary variable: change of ln CMAP to the primary visit."""

    sites: tuple[CmapSite, ...]
    changes: tuple[CmapChange, ...]
    arms: ArmsCompared
