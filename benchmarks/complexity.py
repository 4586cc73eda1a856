"""Sample entropy, DFA and spans of an envelope beside SciPy, NumPy and packages of the field."""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.cases import Case, Peer, Settings, largest_difference
from benchmarks.filters import FS, band, signal
from emgproc.features import dfa, sample_entropy
from emgproc.features.onset import hysteresis
from emgproc.preprocessing import moving_rms, zero_phase_sos

TEMPLATES = 20_000
M, R = 2, 0.2
N_WINDOW = 102  # samples: 50 ms


def cases(settings: Settings) -> Iterator[Case]:
    x = zero_phase_sos(signal(1, settings.duration_s * FS, FS), band(FS))[0]
    yield _entropy(x[:TEMPLATES])
    yield _fluctuation(x)
    yield _spans(moving_rms(x, N_WINDOW))


def _entropy(x: np.ndarray) -> Case:
    def by_antropy() -> float:
        import antropy

        return antropy.sample_entropy(x, order=M)

    def by_neurokit() -> float:
        import neurokit2

        return neurokit2.entropy_sample(x, dimension=M, tolerance=R * x.std())[0]

    return Case(
        f"sample entropy, {x.size} samples",
        lambda threads: sample_entropy(x, FS, m=M, r=R, threads=threads),
        (
            Peer("scipy cKDTree", lambda: entropy_by_trees(x)),
            Peer("antropy", by_antropy, "antropy"),
            Peer("neurokit2", by_neurokit, "neurokit2"),
        ),
        (),
        difference=largest_difference,
        tolerance=1e-10,
    )


def entropy_by_trees(x: np.ndarray) -> float:
    templates = np.lib.stride_tricks.sliding_window_view(x, M + 1)
    trees = [cKDTree(templates[:, :length]) for length in (M, M + 1)]
    near = [tree.count_neighbors(tree, R * x.std(), p=np.inf) - len(templates) for tree in trees]
    return np.log(near[0] / near[1])


def _fluctuation(x: np.ndarray) -> Case:
    def by_antropy() -> float:
        import antropy

        return antropy.detrended_fluctuation(x)

    return Case(
        f"DFA, {x.size} samples",
        lambda _threads: dfa(x, FS),
        (Peer("numpy", lambda: dfa_by_numpy(x)), Peer("antropy", by_antropy, "antropy")),
        (),
        difference=largest_difference,
        tolerance=1e-10,
        threads=(1,),
    )


def dfa_by_numpy(x: np.ndarray) -> float:
    walk = np.cumsum(x - x.mean())
    steps = 4 * 1.2 ** np.arange(np.log(x.size / 40) / np.log(1.2) + 1)
    sizes = np.unique(steps[steps <= x.size // 10].astype(int))
    found = [root_mean_square(walk, size) for size in sizes.tolist()]
    return np.polyfit(np.log(sizes), np.log(found), 1)[0]


def root_mean_square(walk: np.ndarray, size: int) -> float:
    boxes = walk[: len(walk) // size * size].reshape(-1, size)
    boxes = boxes - boxes.mean(axis=1, keepdims=True)
    ramp = np.arange(size) - (size - 1) / 2
    return np.sqrt(np.mean((boxes - np.outer(boxes @ ramp / (ramp @ ramp), ramp)) ** 2))


def _spans(envelope: np.ndarray) -> Case:
    high, low = 1.1 * envelope.mean(), envelope.mean()
    return Case(
        f"spans of an envelope, {envelope.size} samples",
        lambda _threads: hysteresis(envelope, high, low),
        (Peer("numpy", lambda: spans_by_numpy(envelope, high, low)),),
        (),
        difference=largest_difference,
        tolerance=0,
        threads=(1,),
    )


def spans_by_numpy(envelope: np.ndarray, high: float, low: float) -> list[tuple[int, int]]:
    above, held = envelope > high, envelope >= low
    edges = np.flatnonzero(np.diff(np.concatenate(([False], held, [False])).astype(np.int8)))
    runs = edges.reshape(-1, 2).tolist()
    firsts = [(start + int(np.argmax(above[start:stop])), stop) for start, stop in runs]
    return [(first, stop) for first, stop in firsts if above[first]]
