"""Data of the reference cases, and obvious ways to the same numbers, shared by their tests."""

from itertools import combinations

import numpy as np

B_T, M_T = [0.42, 0.31, 0.55, 0.28, 0.66], [0.61, 0.36, 0.92, 0.25, 0.95]
B_C, M_C = [0.50, 0.38, 0.24, 0.71, 0.45], [0.41, 0.35, 0.18, 0.62, 0.48]
T = np.log(M_T) - np.log(B_T)
C = np.log(M_C) - np.log(B_C)
BEFORE, AFTER = np.log(B_T + B_C), np.log(M_T + M_C)
ARM = np.array([1.0] * 5 + [0.0] * 5)
TIME_T, DIED_T = [3.2, 6.5, 12.0, 9.1, 36.0], [1, 1, 0, 1, 0]
TIME_C, DIED_C = [1.5, 2.8, 4.0, 7.7, 5.2], [1, 1, 1, 1, 0]
RETEST = np.log(
    [(0.42, 0.45), (0.31, 0.28), (0.55, 0.58), (0.28, 0.31), (0.66, 0.61),
     (0.50, 0.52), (0.38, 0.36), (0.24, 0.27), (0.71, 0.69), (0.45, 0.47)]
)  # fmt: skip
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]


def splits(n, k):
    for chosen in combinations(range(n), k):
        yield np.isin(np.arange(n), chosen)


def ols_t(y, columns):
    """β and t of the last column by the normal equations."""
    x = np.stack([np.ones(len(y)), *columns], axis=1)
    beta, rss = np.linalg.lstsq(x, y, rcond=None)[:2]
    se = np.sqrt(rss[0] / (len(y) - x.shape[1]) * np.linalg.inv(x.T @ x)[-1, -1])
    return beta[-1], beta[-1] / se
