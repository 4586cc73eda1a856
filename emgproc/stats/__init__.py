"""Exact statistics of small samples: arrays in, frozen results out."""

from emgproc.stats.agreement import BlandAltman, bland_altman
from emgproc.stats.ancova import (
    Ancova,
    AncovaPermutation,
    ancova,
    ancova_label_permutation,
    ancova_residual_permutation,
)
from emgproc.stats.bayes import BehrensFisher, behrens_fisher
from emgproc.stats.binomial import (
    Proportion,
    ProportionDifference,
    Rate,
    clopper_pearson,
    newcombe_difference,
    one_sided_upper,
    poisson_rate,
    wilson,
)
from emgproc.stats.composite import (
    JointRank,
    Subjects,
    WinStatistics,
    joint_rank,
    pair_scores,
    subjects,
    win_statistics,
)
from emgproc.stats.covariates import AdjustedEffect, adjusted_effect
from emgproc.stats.effect_size import (
    CliffsDelta,
    EffectSize,
    cliffs_delta,
    glass_delta,
    hedges_g,
    smd,
    smd_binary,
    variance_ratio,
)
from emgproc.stats.fisher import FisherExact, fisher_exact
from emgproc.stats.freedman_lane import freedman_lane
from emgproc.stats.mean_difference import PermutationTest, permutation
from emgproc.stats.multiplicity import Adjusted, benjamini_hochberg, holm
from emgproc.stats.one_sample import OneSample, sign_flip, signed_rank
from emgproc.stats.power import (
    AttainedSize,
    DetectableEffect,
    Power,
    attained_size,
    minimal_detectable_effect,
    power_t,
)
from emgproc.stats.power_simulation import SimulatedPower, simulate_power
from emgproc.stats.rank_sum import (
    RankSum,
    midranks,
    rank_sum_exact,
    wmw_worst_rank,
    worst_rank_scores,
)
from emgproc.stats.reliability import (
    IntraclassCorrelation,
    MeasurementError,
    icc,
    measurement_error,
)
from emgproc.stats.rosenbaum import (
    RosenbaumBound,
    SensitivityGamma,
    rosenbaum_bound,
    sensitivity_gamma,
    separation_bound,
)
from emgproc.stats.shift import HodgesLehmann, hodges_lehmann
from emgproc.stats.splits import NullCounts, smallest_p
from emgproc.stats.survival import KaplanMeier, kaplan_meier, reverse_kaplan_meier
from emgproc.stats.survival_compare import LogRank, log_rank
from emgproc.stats.survival_mean import (
    RestrictedMean,
    RestrictedMeanDifference,
    restricted_mean,
    restricted_mean_difference,
)
from emgproc.stats.tipping import TippingPoint, tipping_point
from emgproc.stats.welch import TTest, pooled_t, welch_t

__all__ = [
    "Adjusted", "AdjustedEffect", "Ancova", "AncovaPermutation", "AttainedSize",
    "BehrensFisher", "BlandAltman", "CliffsDelta", "DetectableEffect", "EffectSize",
    "FisherExact", "HodgesLehmann", "IntraclassCorrelation", "JointRank", "KaplanMeier",
    "LogRank", "MeasurementError", "NullCounts", "OneSample", "PermutationTest", "Power",
    "Proportion", "ProportionDifference", "RankSum", "Rate", "RestrictedMean",
    "RestrictedMeanDifference", "RosenbaumBound", "SensitivityGamma", "SimulatedPower",
    "Subjects", "TTest", "TippingPoint", "WinStatistics", "adjusted_effect", "ancova",
    "ancova_label_permutation", "ancova_residual_permutation", "attained_size",
    "behrens_fisher", "benjamini_hochberg", "bland_altman", "cliffs_delta", "clopper_pearson",
    "fisher_exact", "freedman_lane", "glass_delta", "hedges_g", "hodges_lehmann", "holm",
    "icc", "joint_rank", "kaplan_meier", "log_rank", "measurement_error", "midranks",
    "minimal_detectable_effect", "newcombe_difference", "one_sided_upper", "pair_scores",
    "permutation", "poisson_rate", "pooled_t", "power_t", "rank_sum_exact", "restricted_mean",
    "restricted_mean_difference", "reverse_kaplan_meier", "rosenbaum_bound",
    "sensitivity_gamma", "separation_bound", "sign_flip", "signed_rank", "simulate_power",
    "smallest_p", "smd", "smd_binary", "subjects", "tipping_point", "variance_ratio",
    "welch_t", "wilson", "win_statistics", "wmw_worst_rank", "worst_rank_scores",
]  # fmt: skip
