"""Exact statistics of small samples: arrays in, frozen results out."""

from emgproc.stats.composite import (
    JointRank,
    Subjects,
    WinStatistics,
    joint_rank,
    pair_scores,
    subjects,
    win_statistics,
)
from emgproc.stats.mean_difference import PermutationTest, permutation
from emgproc.stats.one_sample import OneSample, sign_flip, signed_rank
from emgproc.stats.rank_sum import (
    RankSum,
    midranks,
    rank_sum_exact,
    wmw_worst_rank,
    worst_rank_scores,
)
from emgproc.stats.shift import HodgesLehmann, hodges_lehmann
from emgproc.stats.splits import NullCounts, smallest_p

__all__ = [
    "HodgesLehmann", "JointRank", "NullCounts", "OneSample", "PermutationTest", "RankSum",
    "Subjects", "WinStatistics", "hodges_lehmann", "joint_rank", "midranks", "pair_scores",
    "permutation", "rank_sum_exact", "sign_flip", "signed_rank", "smallest_p", "subjects",
    "win_statistics", "wmw_worst_rank", "worst_rank_scores",
]  # fmt: skip
