"""Ten infants, two arms, three visits: who comes when, and how strong their tonic level is.

The tonic level of infant p, muscle g, visit v is, in ln units,
T = mu + u_p + u_g + slope · t + theta · [treated, last visit] + eps, with mu = ln 8 µV,
SD(u_p) 0.6, SD(u_g) 0.4, slope −0.05 a month and SD(eps) 0.3.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.study import SESSIONS, VISIT_OF_SESSION
from emgproc.study.dates import Period
from emgproc.study.protocol import Arm, Protocol

MU_LN = float(np.log(8.0))
SD_INFANT, SD_MUSCLE, SD_VISIT = 0.6, 0.4, 0.3
SLOPE_PER_MONTH = -0.05
DAYS_PER_MONTH = 30.4375
FIRST_INDEX_DATE = date(2015, 10, 12)
DAYS_BETWEEN_INFANTS = 21
PER_ARM = 4  # the least in each arm for one of each mishap to fall on an infant of its own


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is different in a treated infant at the last visit.

    `theta` is added to the tonic level (ln units); `unit_gain` multiplies the number of units.
    """

    name: str
    theta: float
    unit_gain: float


SCENARIOS = {
    "null": Scenario("null", 0.0, 1.0),
    "rescue": Scenario("rescue", float(np.log(2.0)), 1.6),
}


@dataclass(frozen=True, slots=True)
class VisitDesign:
    """One visit: its day, or why it did not take place; tonic level per muscle, ln(µV)."""

    session_id: str
    day: date
    tone_ln: tuple[float, ...]
    missed: str = ""
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class InfantDesign:
    """One infant: arm, calendar, and what happens to it."""

    number: int
    participant_id: str
    arm: str
    treated: bool
    index_date: date
    age_months: float
    sex: str
    dose_dates: tuple[date, ...]
    visits: tuple[VisitDesign, ...]
    death_date: date | None = None
    other_therapy_date: date | None = None


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """The whole trial before a sample is made."""

    scenario: Scenario
    seed: int
    muscles: tuple[str, ...]
    infants: tuple[InfantDesign, ...]
    protocol: Protocol = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Mishaps:
    """Which infants (by number) die, are recorded clipped, come late, get another therapy."""

    seed: int
    died: int
    clipped: int
    late: int
    other_therapy: int


def tone_levels(
    rng: np.random.Generator, n_muscles: int, months: tuple[float, ...], theta: float
) -> Floats:
    """Tonic level of one infant, ln(µV), shape (visits, muscles); `theta` acts at the last visit.

    Parameters
    ----------
    rng
        Source of randomness.
    n_muscles
        Number of muscle groups.
    months
        Time of each visit since the first, months.
    theta
        Effect at the last visit, ln units; 0 in the untreated.
    """
    infant = rng.normal(0, SD_INFANT)
    muscle = rng.normal(0, SD_MUSCLE, n_muscles)
    visit = rng.normal(0, SD_VISIT, (len(months), n_muscles))
    course = SLOPE_PER_MONTH * np.array(months)[:, None] + visit
    course[-1] += theta
    return np.asarray(MU_LN + infant + muscle + course, np.float64)


def design_study(protocol: Protocol, scenario: str, seed: int) -> StudyDesign:
    """Lay out a study as its protocol plans it, with one of each mishap.

    One infant without treatment dies before the visit after the last dose; one treated infant is
    recorded clipped at the last visit; one treated infant comes late to it; one untreated infant
    starts another therapy.

    Raises
    ------
    ParameterError
        The scenario is unknown, or an arm has fewer than four infants.
    """
    if scenario not in SCENARIOS:
        raise ParameterError(f"unknown scenario {scenario!r} (known: {', '.join(SCENARIOS)})")
    order = _alternating(protocol.design.arms)
    treated = [i for i, arm in enumerate(order, 1) if arm.treated]
    untreated = [i for i, arm in enumerate(order, 1) if not arm.treated]
    if min(len(treated), len(untreated)) < PER_ARM:
        raise ParameterError(
            f"a simulated study needs {PER_ARM} infants with and without treatment, the protocol "
            f"plans {len(treated)} and {len(untreated)}"
        )
    mishaps = _Mishaps(seed, untreated[-2], treated[2], treated[1], untreated[-3])
    chosen = SCENARIOS[scenario]
    infants = tuple(
        _infant(protocol, number, arm, mishaps, chosen) for number, arm in enumerate(order, 1)
    )
    return StudyDesign(chosen, seed, protocol.primary.muscles, infants, protocol)


def _alternating(arms: tuple[Arm, ...]) -> list[Arm]:
    """Arms in the order in which infants enter: in turn, until each has its planned number."""
    rounds = range(max(arm.planned_n for arm in arms))
    return [arm for turn in rounds for arm in arms if arm.planned_n > turn]


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days of one infant: doses, and one day a visit."""

    index_date: date
    doses: tuple[date, ...]
    visits: tuple[date, ...]

    def months(self) -> tuple[float, ...]:
        """Time of each visit since the first, months."""
        return tuple((day - self.visits[0]).days / DAYS_PER_MONTH for day in self.visits)


def _infant(
    protocol: Protocol, number: int, arm: Arm, mishaps: _Mishaps, scenario: Scenario
) -> InfantDesign:
    rng = np.random.default_rng((mishaps.seed, number))
    days = _calendar(protocol, number, arm, mishaps, rng)
    theta = scenario.theta if arm.treated else 0.0
    tone = tone_levels(rng, len(protocol.primary.muscles), days.months(), theta)
    died = None
    if number == mishaps.died:
        died = days.index_date + timedelta(days=int(rng.integers(20, 27)))
    clipped = SESSIONS[-1] if number == mishaps.clipped else ""
    visits = tuple(
        VisitDesign(
            session,
            day,
            tuple(map(float, levels)),
            missed="died" if died is not None and day > died else "",
            clipped=session == clipped,
        )
        for session, day, levels in zip(SESSIONS, days.visits, tone, strict=True)
    )
    other = days.visits[1] + timedelta(days=21) if number == mishaps.other_therapy else None
    return InfantDesign(
        number=number,
        participant_id=f"sub-{number:02d}",
        arm=arm.id,
        treated=arm.treated,
        index_date=days.index_date,
        age_months=round(float(rng.uniform(6.2, 11.8)), 1),
        sex=str(rng.choice(["F", "M"])),
        dose_dates=days.doses,
        visits=visits,
        death_date=died,
        other_therapy_date=other,
    )


def _calendar(
    protocol: Protocol, number: int, arm: Arm, mishaps: _Mishaps, rng: np.random.Generator
) -> _Calendar:
    index_date = FIRST_INDEX_DATE + timedelta(days=DAYS_BETWEEN_INFANTS * (number - 1))
    doses: tuple[date, ...] = ()
    if arm.treated:
        nominal = protocol.dose.nominal_days
        late = [0, *map(int, rng.integers(-1, 2, len(nominal) - 1))]
        doses = tuple(
            index_date + timedelta(days=day - 1 + off)
            for day, off in zip(nominal, late, strict=True)
        )
    last_dose = doses[-1] if doses else None
    days = [_visit_day(protocol, session, index_date, last_dose, rng) for session in SESSIONS]
    if number == mishaps.late:
        low, high = protocol.visit(VISIT_OF_SESSION[SESSIONS[-1]]).window
        days[-1] += timedelta(days=high - low)
    return _Calendar(index_date, doses, tuple(days))


def _visit_day(
    protocol: Protocol,
    session: str,
    index_date: date,
    last_dose: date | None,
    rng: np.random.Generator,
) -> date:
    """A day in the middle half of the visit's window."""
    plan = protocol.visit(VISIT_OF_SESSION[session])
    anchor = index_date
    if plan.anchor == "last_dose":
        anchor = last_dose or index_date + timedelta(days=plan.control_anchor_day - 1)
    low, high = plan.window
    quarter = (high - low) // 4
    offset = int(rng.integers(low + quarter, high - quarter + 1))
    return Period.parse(plan.offset).after(anchor) + timedelta(days=offset)
