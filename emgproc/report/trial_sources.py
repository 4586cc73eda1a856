"""Files that the tables of the report come from, with the columns that find a row in them."""

from emgproc.report.trial_table import Source
from emgproc.study.columns import (
    CLINICAL_EVENTS,
    CSF,
    EXPOSURES,
    MEASUREMENTS,
    PARTICIPANTS,
    RECORDINGS,
    VISITS,
)

PROTOCOL = Source("study.toml")
PEOPLE = Source(PARTICIPANTS, ("participant_id",))
VISITS_TABLE = Source(VISITS, ("participant_id", "session_id"))
RECORDINGS_TABLE = Source(RECORDINGS, ("recording_id", "channel"))
DOSES = Source(EXPOSURES, ("participant_id", "dose_no"))
EVENTS = Source(CLINICAL_EVENTS, ("participant_id", "event_id"))
MEASURED_TABLE = Source(
    MEASUREMENTS, ("participant_id", "session_id", "nerve", "muscle", "side", "measure")
)
SAMPLES = Source(CSF, ("participant_id", "date"))
OUTCOME = Source("group/outcome.json")
FLOW = Source("group/flow.tsv", ("arm",))
INFANTS = Source("group/infants.tsv", ("participant_id",))
EXCLUSIONS = Source("group/exclusions.tsv", ("participant_id",))
PAIRS = Source("group/pairs.tsv", ("participant_id", "muscle", "side"))
PAIRS_POST = Source("group/pairs_post.tsv", ("participant_id", "muscle", "side"))
AFTER_DOSES = Source("group/after_doses.tsv", ("dose_no",))
DOSE_CHANGES = Source("group/dose_changes.tsv", ("participant_id", "dose_no"))
CMAP = Source("group/cmap.tsv", ("participant_id",))
CMAP_SITES = Source("group/cmap_sites.tsv", ("participant_id", "nerve", "muscle", "side"))
FAILURES = Source("group/failures.tsv", ("recording_id",))
BASELINE = Source("group/baseline.tsv", ("variable", "arm"))
PRIMARY = Source("group/primary.tsv", ("field",))
ESTIMAND = Source("group/estimand.tsv", ("attribute",))
GATE = Source("group/gate.tsv", ("id",))
SENSITIVITY = Source("group/sensitivity.tsv", ("id",))
CURVES = Source("group/sensitivity_curves.tsv", ("id", "x"))
RETESTS = Source("group/retests.tsv", ("participant_id", "session_id"))
CSF_COUNTS = Source("group/csf.tsv", ("name", "arm"))
CSF_SAMPLES = Source("group/csf_samples.tsv", ("participant_id", "day", "method", "marker"))
SAFETY = Source("group/safety.tsv", ("category", "arm"))
DIFFERENCES = Source("group/safety_differences.tsv", ("name",))
ADVERSE = Source("group/adverse_events.tsv", ("participant_id", "event_id"))
SURVIVAL = Source("group/survival.tsv", ("endpoint", "arm", "times"))
FOLLOW_UP = Source("group/follow_up.tsv", ("endpoint", "participant_id"))
LANDMARKS = Source("group/landmarks.tsv", ("name", "arm"))
INTERCURRENT = Source("group/intercurrent_events.tsv", ("participant_id", "kind"))
