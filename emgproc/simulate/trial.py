"""Who comes when, and how strong their tonic level is: two arms, three visits.

The tonic level of infant p, muscle g, visit v is, in ln units,
T = mu + u_p + u_g + slope · t + theta · [treated, last visit] + eps, with mu = ln 8 µV,
SD(u_p) 0.6, SD(u_g) 0.4, slope −0.05 a month and SD(eps) 0.3.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import entropy_of
from emgproc.simulate.fates import fates_of
from emgproc.simulate.scenario import DAYS_PER_MONTH, Fate, Mishaps, Scenario, scenario_of
from emgproc.study import SESSIONS, VISIT_OF_SESSION
from emgproc.study.dates import Period
from emgproc.study.protocol import Arm, Protocol

MU_LN = float(np.log(8.0))
SD_INFANT, SD_MUSCLE, SD_VISIT = 0.6, 0.4, 0.3
SLOPE_PER_MONTH = -0.05
FIRST_INDEX_DATE = date(2015, 10, 12)
DAYS_BETWEEN_INFANTS = 21
FOLLOW_UP_DAYS = 180  # from an infant's index date to the last day anything of it is dated
DIED, NOT_BROUGHT = "died", "not brought"


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

    @property
    def last_contact(self) -> date:
        """Last day on which the infant's state is known."""
        return self.death_date or self.visits[-1].day + timedelta(days=14)

    @property
    def d_design(self) -> float:
        """Mean over muscles of the designed change from the first to the last visit, ln units."""
        first, last = (np.array(self.visits[k].tone_ln) for k in (0, -1))
        return float(np.mean(last - first))


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """The whole trial before a sample is made."""

    scenario: Scenario
    seed: int
    muscles: tuple[str, ...]
    infants: tuple[InfantDesign, ...]
    protocol: Protocol = field(repr=False)

    def changed(self, infant: InfantDesign, position: int) -> bool:
        """Tell whether the scenario acts: in the treated, at the last visit."""
        return infant.treated and position == len(infant.visits) - 1


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


def design_study(
    protocol: Protocol, scenario: str, seed: int, *, mishaps: bool | Mishaps | None = None
) -> StudyDesign:
    """Lay out a study as its protocol plans it.

    Parameters
    ----------
    protocol
        Arms, planned numbers, doses, visits and muscles.
    scenario
        Name or letter of a scenario.
    seed
        Non-negative.
    mishaps
        True: one infant without treatment dies before the visit after the last dose, one treated
        infant is recorded clipped at the last visit, one treated infant comes late to it and one
        untreated infant starts another therapy. False: none of these. `Mishaps`: drawn at its
        rates. None: as the scenario has it, one of each in null and rescue and none in the others.
        Deaths that belong to the scenario happen whatever is said here.

    Raises
    ------
    ParameterError
        The seed is negative, the scenario unknown, no infant is planned, or an arm has fewer than
        four infants and one of each mishap is wanted.
    """
    entropy_of(seed)
    chosen = scenario_of(scenario)
    order = _alternating(protocol.design.arms)
    if not order:
        raise ParameterError("the protocol plans no infant, so there is nothing to simulate")
    wanted = chosen.one_of_each if mishaps is None else mishaps
    fates = fates_of([arm.treated for arm in order], chosen, seed, mishaps=wanted)
    infants = tuple(
        _infant(_Plan(protocol, chosen, seed, len(order)), number, arm, fate)
        for number, (arm, fate) in enumerate(zip(order, fates, strict=True), 1)
    )
    return StudyDesign(chosen, seed, protocol.primary.muscles, infants, protocol)


def _alternating(arms: tuple[Arm, ...]) -> list[Arm]:
    """Arms in the order in which infants enter: in turn, until each has its planned number."""
    rounds = range(max(arm.planned_n for arm in arms))
    return [arm for turn in rounds for arm in arms if arm.planned_n > turn]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all infants share."""

    protocol: Protocol
    scenario: Scenario
    seed: int
    n_infants: int

    def index_date(self, number: int) -> date:
        """Infants enter every three weeks, early enough for the last one to be seen to its end."""
        span = DAYS_BETWEEN_INFANTS * (self.n_infants - 1) + FOLLOW_UP_DAYS
        latest = self.protocol.study.data_cutoff - timedelta(days=span)
        first = min(FIRST_INDEX_DATE, latest)
        return first + timedelta(days=DAYS_BETWEEN_INFANTS * (number - 1))


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days of one infant: doses, and one day a visit."""

    index_date: date
    doses: tuple[date, ...]
    visits: tuple[date, ...]

    def months(self) -> tuple[float, ...]:
        """Time of each visit since the first, months."""
        return tuple((day - self.visits[0]).days / DAYS_PER_MONTH for day in self.visits)


def _infant(plan: _Plan, number: int, arm: Arm, fate: Fate) -> InfantDesign:
    rng = np.random.default_rng((plan.seed, number))
    days = _calendar(plan, number, arm, fate, rng)
    theta = plan.scenario.theta if arm.treated else 0.0
    tone = tone_levels(rng, len(plan.protocol.primary.muscles), days.months(), theta)
    died = _death(days, fate, rng)
    return InfantDesign(
        number=number,
        participant_id=f"sub-{number:02d}",
        arm=arm.id,
        treated=arm.treated,
        index_date=days.index_date,
        age_months=round(float(rng.uniform(6.2, 11.8)), 1),
        sex=str(rng.choice(["F", "M"])),
        dose_dates=tuple(day for day in days.doses if died is None or day <= died),
        visits=_visits(days, tone, fate, died),
        death_date=died,
        other_therapy_date=days.visits[1] + timedelta(days=21) if fate.other_therapy else None,
    )


def _death(days: _Calendar, fate: Fate, rng: np.random.Generator) -> date | None:
    """Day of death before the last visit; None where the infant lives to see it."""
    if fate.dies_early:
        return days.index_date + timedelta(days=int(rng.integers(20, 27)))
    if fate.death_day is None:
        return None
    died = days.index_date + timedelta(days=fate.death_day)
    return died if died < days.visits[-1] else None


def _visits(
    days: _Calendar, tone: Floats, fate: Fate, died: date | None
) -> tuple[VisitDesign, ...]:
    visits = []
    for session, day, levels in zip(SESSIONS, days.visits, tone, strict=True):
        missed = NOT_BROUGHT if session in fate.missed else ""
        if died is not None and day > died:
            missed = DIED
        clipped = session in fate.clipped
        visits.append(VisitDesign(session, day, tuple(map(float, levels)), missed, clipped))
    return tuple(visits)


def _calendar(
    plan: _Plan, number: int, arm: Arm, fate: Fate, rng: np.random.Generator
) -> _Calendar:
    protocol, index_date = plan.protocol, plan.index_date(number)
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
    if fate.late:
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
