"""What may happen in a simulated trial: nine scenarios, and what goes wrong beside them.

A scenario says what is different in a treated infant at the last visit; mishaps say who dies, is
not brought to a visit, or is recorded in vain.
"""

import math
from dataclasses import dataclass

from emgproc.errors import ParameterError

DEATHS_PER_MONTH = 0.08  # hazard in untreated SMA type I
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is different in a treated infant at the last visit.

    Attributes
    ----------
    name, letter, about
        Its name, the letter it is known by, and what it is for.
    theta
        Added to the tonic level, ln units.
    unit_gain
        Factor of the number of units; 1 leaves them to the natural course, a loss of 0–2.
    size_gain
        Factor of the size of each unit, so that the motor response changes by
        `unit_gain · size_gain`.
    rhythmic_added
        Share of the living units that come to fire rhythmically on their own, 0–1.
    noise_gain
        Lowest and highest factor of the electrode noise, drawn for each channel.
    restless
        Less of the recording is quiet wakefulness, more of it movement and crying.
    ecg_leak_uv
        Lowest and highest R peak in the channels near the heart, µV; (0, 0) leaves it as it is.
    control_deaths_per_month
        Hazard of death in the infants without treatment, 1/month.
    surface
        Surface EMG is recorded; otherwise motor responses only.
    one_of_each
        Whether one of each mishap happens where nothing else is said.
    """

    name: str
    letter: str
    about: str
    theta: float = 0.0
    unit_gain: float = 1.0
    size_gain: float = 1.0
    rhythmic_added: float = 0.0
    noise_gain: tuple[float, float] = (1.0, 1.0)
    restless: bool = False
    ecg_leak_uv: tuple[float, float] = (0.0, 0.0)
    control_deaths_per_month: float = 0.0
    surface: bool = True
    one_of_each: bool = False

    @property
    def cmap_gain(self) -> float:
        """Factor of the motor response."""
        return self.unit_gain * self.size_gain


_ALL = (
    Scenario(
        name="null",
        letter="a",
        about="nothing differs between the arms",
        one_of_each=True,
    ),
    Scenario(
        name="noise_drift",
        letter="b",
        about="the electrode noise of the treated is higher at the last visit, nothing else",
        noise_gain=(1.5, 1.8),
    ),
    Scenario(
        name="reinnervation",
        letter="c",
        about="half of the units, twice as large: RMS up by √2, motor response flat",
        theta=0.5 * math.log(2.0),
        unit_gain=0.5,
        size_gain=2.0,
    ),
    Scenario(
        name="rescue",
        letter="d",
        about="more units: motor response up, tonic level up by ln 2",
        theta=math.log(2.0),
        unit_gain=1.6,
        one_of_each=True,
    ),
    Scenario(
        name="rhythmic",
        letter="e",
        about="more units fire on their own: tonic level up, motor response down, no claim",
        theta=math.log(2.0),
        unit_gain=0.7,
        rhythmic_added=0.35,
    ),
    Scenario(
        name="state_imbalance",
        letter="f",
        about="the treated are more restless at the last visit, their tonic level is unchanged",
        restless=True,
    ),
    Scenario(
        name="ecg_leak",
        letter="g",
        about="ECG of 100–300 µV leaks into the treated's proximal channels at the last visit",
        ecg_leak_uv=(100.0, 300.0),
    ),
    Scenario(
        name="deaths",
        letter="h",
        about="infants without treatment die, 8 % a month; nothing else differs",
        control_deaths_per_month=DEATHS_PER_MONTH,
    ),
    Scenario(
        name="ncs_only",
        letter="i",
        about="no surface EMG, motor responses only: the primary outcome is not estimable",
        unit_gain=1.6,
        surface=False,
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in _ALL}
_LETTERS = {scenario.letter: scenario for scenario in _ALL}


def scenario_of(name: str) -> Scenario:
    """Return the scenario of that name or letter.

    Raises
    ------
    ParameterError
        There is none.

    Examples
    --------
    >>> scenario_of("e").name
    'rhythmic'
    """
    found = SCENARIOS.get(name) or _LETTERS.get(name)
    if found is None:
        known = ", ".join(f"{s.letter} {s.name}" for s in _ALL)
        raise ParameterError(f"unknown scenario {name!r} (known: {known})")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """How often things go wrong, drawn for each infant by itself.

    Attributes
    ----------
    deaths_per_month
        Hazard of death in both arms, 1/month, from the index date on.
    missed_visit
        Probability that an infant is not brought to a visit after the baseline, 0–1.
    failed_recording
        Probability that a visit's recording is clipped and so of no use, 0–1.
    """

    deaths_per_month: float = 0.0
    missed_visit: float = 0.0
    failed_recording: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.deaths_per_month < math.inf:
            raise ParameterError(
                f"deaths_per_month must be a hazard ≥ 0, got {self.deaths_per_month!r}"
            )
        for name in ("missed_visit", "failed_recording"):
            if not 0 <= getattr(self, name) <= 1:
                raise ParameterError(f"{name} must be in 0–1, got {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What goes wrong for one infant.

    Attributes
    ----------
    dies_early
        Dies three to four weeks after the index date.
    death_day
        Days from the index date to death; None while it lives.
    missed, clipped
        Sessions it is not brought to, and sessions recorded in vain.
    late
        Comes late to the last visit.
    other_therapy
        Starts another therapy.
    """

    dies_early: bool = False
    death_day: int | None = None
    missed: tuple[str, ...] = ()
    clipped: tuple[str, ...] = ()
    late: bool = False
    other_therapy: bool = False
