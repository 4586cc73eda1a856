"""Motor units: found in a recording, judged, described, and told apart or the same."""

from emgproc.motor_units.agreement import Agreement, Matching, Pair, agreement, match
from emgproc.motor_units.common_input import (
    TrainCoherence,
    coherence_bands,
    common_drive,
    train_coherence,
)
from emgproc.motor_units.curation import apply_curation, blank_curation
from emgproc.motor_units.curation_desk import Decision
from emgproc.motor_units.curation_model import Curation, curation_from_json
from emgproc.motor_units.decompose import decompose
from emgproc.motor_units.decompose_apply import apply_filters
from emgproc.motor_units.decompose_quality import pulse_to_noise_db, silhouette
from emgproc.motor_units.description import describe_trains
from emgproc.motor_units.discharges import (
    Activity,
    activity,
    covisi,
    discharge_features,
    doublets,
    mean_rate,
    peak_rate,
    recruitment_rates,
    steady_rates,
    thresholds,
)
from emgproc.motor_units.force import Force, force_of
from emgproc.motor_units.grid_potentials import GridPotentials
from emgproc.motor_units.likeness import Likeness, likeness
from emgproc.motor_units.model import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.motor_units.needle_model import Confidence, IntramuscularSettings, NeedleUnit
from emgproc.motor_units.persistent import (
    DeltaF,
    brace_height,
    delta_f,
    delta_f_table,
    unit_delta_f,
)
from emgproc.motor_units.propagation import Propagation, propagation
from emgproc.motor_units.pulse_trains import pulse_trains
from emgproc.motor_units.record import Audit, Edit, UnitLabel, UnitsRecord
from emgproc.motor_units.residual import without_units
from emgproc.motor_units.rhythm import is_rhythmic, rhythmic_share
from emgproc.motor_units.smoothing import smoothed_rate
from emgproc.motor_units.tracking import track
from emgproc.motor_units.tracking_model import Link, Tracking, Unlinked, VisitPair
from emgproc.motor_units.waveform_features import waveform_features
from emgproc.motor_units.waveforms import (
    amplitudes_uv,
    differential,
    duration_ms,
    muaps,
    on_grid,
    spike_triggered,
    strongest,
)

__all__ = [
    "Activity",
    "Agreement",
    "Audit",
    "Confidence",
    "Curation",
    "Decision",
    "DecompositionSettings",
    "DeltaF",
    "Edit",
    "Force",
    "GridPotentials",
    "IntramuscularSettings",
    "Likeness",
    "Link",
    "Matching",
    "MotorUnit",
    "MotorUnits",
    "NeedleUnit",
    "Pair",
    "Propagation",
    "Tracking",
    "TrainCoherence",
    "Trained",
    "UnitLabel",
    "UnitsRecord",
    "Unlinked",
    "VisitPair",
    "activity",
    "agreement",
    "amplitudes_uv",
    "apply_curation",
    "apply_filters",
    "blank_curation",
    "brace_height",
    "coherence_bands",
    "common_drive",
    "covisi",
    "curation_from_json",
    "decompose",
    "delta_f",
    "delta_f_table",
    "describe_trains",
    "differential",
    "discharge_features",
    "doublets",
    "duration_ms",
    "force_of",
    "is_rhythmic",
    "likeness",
    "match",
    "mean_rate",
    "muaps",
    "on_grid",
    "peak_rate",
    "propagation",
    "pulse_to_noise_db",
    "pulse_trains",
    "recruitment_rates",
    "rhythmic_share",
    "silhouette",
    "smoothed_rate",
    "spike_triggered",
    "steady_rates",
    "strongest",
    "thresholds",
    "track",
    "train_coherence",
    "unit_delta_f",
    "waveform_features",
    "without_units",
]
