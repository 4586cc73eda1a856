"""The five behavioural states of Prechtl as a semi-Markov chain, and what the muscles do in each.

States: 1 quiet sleep, 2 active sleep, 3 quietly awake, 4 actively awake, 5 crying (Prechtl 1974,
Brain Res 76:185). The next state is drawn from `TRANSITIONS`, the duration of a bout from a gamma
distribution of shape 3 (Markov chains have exponential bouts, and infants none of a second).
Transitions and durations are rules of this simulator, not measurements: at 6–12 months a cycle of
sleep lasts about an hour and is entered through quiet sleep, crying is reached through active
wakefulness and left the same way, and waking states change within minutes.
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError

N_STATES = 5
SHAPE = 3.0  # of the gamma distribution of a bout's duration: CoV 0.58
TRANSITIONS = (
    (0.00, 0.80, 0.10, 0.07, 0.03),
    (0.55, 0.00, 0.20, 0.15, 0.10),
    (0.15, 0.05, 0.00, 0.70, 0.10),
    (0.02, 0.03, 0.65, 0.00, 0.30),
    (0.00, 0.00, 0.35, 0.65, 0.00),
)
DWELL_S = (1200.0, 900.0, 240.0, 120.0, 60.0)
BEDSIDE_SHARES = (0.20, 0.08, 0.50, 0.15, 0.07)
BOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Bout:
    """One stay in a state (1–5) from `start_s` to `stop_s`."""

    state: int
    start_s: float
    stop_s: float


@dataclass(frozen=True, slots=True)
class StateChain:
    """A semi-Markov chain of the five states.

    Attributes
    ----------
    dwell_s
        Mean duration of a bout of states 1 … 5, s; a state of 0 s is passed through at once.
    transitions
        Probability of the next state (columns) after each state (rows); none of itself.

    Raises
    ------
    ParameterError
        Not five states, a negative number, a row that does not sum to 1, no time at all, or a
        state from which none of more than 0 s is reached.

    Examples
    --------
    >>> StateChain.of_shares((0.0, 0.0, 1.0, 1.0, 0.0), 20.0).shares().round(3)
    array([0. , 0. , 0.5, 0.5, 0. ])
    """

    dwell_s: tuple[float, ...] = DWELL_S
    transitions: tuple[tuple[float, ...], ...] = TRANSITIONS

    def __post_init__(self) -> None:
        p, dwell = np.array(self.transitions), np.array(self.dwell_s)
        if p.shape != (N_STATES, N_STATES) or dwell.shape != (N_STATES,):
            raise ParameterError(f"a chain has {N_STATES} states, got {self}")
        if not p.min() >= 0 or np.diag(p).any() or np.abs(p.sum(axis=1) - 1).max() > 1e-9:
            raise ParameterError(
                f"rows of transitions sum to 1, 0 on the diagonal, got {self.transitions}"
            )
        if not (dwell.min() >= 0 and 0 < dwell.max() < np.inf):
            raise ParameterError(f"bouts last 0 s or more, some more, got {self.dwell_s}")
        within_four = np.linalg.matrix_power(p + np.eye(N_STATES), N_STATES - 1)
        if not (within_four @ dwell > 0).all():
            raise ParameterError("a chain would pass through states of 0 s for ever")

    @classmethod
    def of_shares(cls, shares: tuple[float, ...], bout_s: float = BOUT_S) -> "StateChain":
        """The chain whose states have these shares of the time in the long run.

        The transitions stay, the bouts are made longer or shorter.

        Parameters
        ----------
        shares
            Five numbers in the ratio wanted.
        bout_s
            Mean duration of all bouts, s, of those of 0 s too.
        """
        wanted = np.array(shares, np.float64)
        if wanted.shape != (N_STATES,) or not (wanted.min() >= 0 and 0 < wanted.sum() < np.inf):
            raise ParameterError(f"shares are five numbers, 0 or more, got {shares}")
        dwell = wanted / wanted.sum() * bout_s / cls().visits()
        return cls(tuple(dwell.tolist()))

    def visits(self) -> Floats:
        """Share of each state among the bouts: π with π P = π."""
        p = np.array(self.transitions)
        equations = np.vstack([p.T - np.eye(N_STATES), np.ones(N_STATES)])
        right = np.concatenate([np.zeros(N_STATES), [1.0]])
        return np.asarray(np.linalg.lstsq(equations, right, rcond=None)[0])

    def shares(self) -> Floats:
        """Share of each state of the time in the long run: π_i m_i / Σ π m."""
        time = self.visits() * np.array(self.dwell_s)
        return np.asarray(time / time.sum())

    def bouts(
        self, rng: np.random.Generator, duration_s: float, first: int | None = None
    ) -> tuple[Bout, ...]:
        """Bouts that cover [0, duration), on a clock of 0.1 s.

        Parameters
        ----------
        rng
            Source of randomness.
        duration_s
            To cover; the last bout is cut there.
        first
            State to begin with; drawn by `shares` where None.

        Raises
        ------
        ParameterError
            There is no such state, or the duration is not finite.
        """
        p = np.cumsum(np.array(self.transitions), axis=1)
        state = int(rng.choice(N_STATES, p=self.shares())) if first is None else first - 1
        if not 0 <= state < N_STATES or not duration_s < np.inf:
            raise ParameterError(
                f"states are 1–{N_STATES}, durations finite: {first=}, {duration_s=}"
            )
        found: list[Bout] = []
        at = left_s = 0.0
        while at < duration_s:
            left_s += float(rng.gamma(SHAPE, self.dwell_s[state] / SHAPE))
            stop = min(round(left_s, 1), duration_s)
            if stop > at:
                found.append(Bout(state + 1, at, stop))
                at = stop
            state = min(int(np.searchsorted(p[state], rng.random(), "right")), N_STATES - 1)
        return tuple(found)
