"""What makes a simulated study a valid EMG-BIDS dataset, marked synthetic throughout.

BIDS 1.11.1, electromyography (BEP042). Labels live in the EDF+ annotations only: an events.tsv
beside them would be a second source.
"""

from collections.abc import Mapping, Sequence

from emgproc.recording import Recording
from emgproc.simulate.tables import tsv
from emgproc.simulate.visits import TASK
from emgproc.writers.bids_tables import BIDS_VERSION, channel_cells, json_text

SYNTHETIC = "SYNTHETIC: simulated by emgproc; no one was measured"
# phenotype/: several rows a participant (doses, events) break the BIDS rule of one row each.
IGNORED = (
    "study.toml", "plan.toml", "visits.tsv", "recordings.tsv", "lock.json", "phenotype", "truth",
)  # fmt: skip

_COLUMNS: Mapping[str, str] = {
    "participant_id": "Participant, sub-<label>",
    "session_id": "Visit, ses-<label>: baseline, post (after the last dose), month3",
    "arm": "Arm of the trial; MSC receives the product, CTRL nothing",
    "age_months": "Age at the index date, months",
    "sex": "F female, M male, U unknown",
    "index_date": "Day of dose 1, or the matched day of an infant without doses",
    "consent_date": "Day of consent",
    "genetic_confirm": "SMA confirmed genetically: Y, N, NK (not known)",
    "genetic_date": "Day of the genetic result",
    "smn2_copies": "Number of SMN2 copies",
    "enrolled": "Y enrolled, N screening failure",
    "death_date": "Day of death",
    "last_contact_date": "Last day on which the infant's state is known",
    "dose_no": "Number of the dose",
    "datetime": "Day and time of the dose",
    "planned_cells": "Cells planned",
    "given_cells": "Cells given",
    "route": "Route of administration",
    "lot": "Lot of the product",
    "release_qc": "Release test of the lot: pass or fail",
    "interrupted": "Y the dose was interrupted",
    "event_id": "Name of the event within the participant",
    "kind": "Kind: ae, infection, death, other_sma_therapy, …",
    "term": "The event in words",
    "start": "First day",
    "end": "Last day",
    "grade": "Severity grade, 1 to 5",
    "serious": "Y serious",
    "related": "Relation to the product",
    "date": "Day of the sample",
    "volume_ml": "Volume of cerebrospinal fluid, mL",
    "method": "Assay",
    "marker": "Marker the assay looks for",
    "result": "pos, neg, ind (indeterminate), nd (not done)",
    "muscle": "Muscle",
    "side": "L left, R right",
    "nerve": "Nerve stimulated",
    "measure": "What was measured: cmap_amp_mv (mV), spont_score (0 to 4)",
    "value": "The number; n/a where the response is absent",
    "absent": "Y no response",
    "source": "device_report (typed from a report) or emgproc",
}


def ignored(suffix: str) -> tuple[str, ...]:
    """Lines of .bidsignore: BIDS has no place for some tables, nor for EMG as HDF5."""
    return IGNORED if suffix != "h5" else (*IGNORED, "sub-*", "task-*")


def dictionary(columns: Sequence[str]) -> str:
    """JSON dictionary of a table's columns; one for a criterion says what Y and N mean."""
    described = {
        name: {"Description": _COLUMNS.get(name, "Criterion judged by the investigator: Y, N, NK")}
        for name in columns
        if name not in {"participant_id", "session_id"}
    }
    return json_text({"MeasurementToolMetadata": {"Description": SYNTHETIC}, **described})


def dataset_description(title: str) -> str:
    """dataset_description.json."""
    return json_text(
        {
            "Name": f"SYNTHETIC sample study ({title})",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": "BSD-3-Clause",
            "Authors": ["The emgproc developers"],
            "Acknowledgements": SYNTHETIC,
            "EthicsApprovals": ["None needed: no one was measured"],
            "GeneratedBy": [{"Name": "emgproc.simulate", "Description": SYNTHETIC}],
        }
    )


def emg_sidecar(recording: Recording) -> str:
    """The sidecar that holds for every recording of the task."""
    n_emg = len(recording.rows("EMG"))
    return json_text(
        {
            "TaskName": TASK,
            "TaskDescription": f"Lying undisturbed: asleep, then awake. {SYNTHETIC}",
            "SamplingFrequency": recording.fs,
            "PowerLineFrequency": 50,
            "RecordingType": "continuous",
            "RecordingDuration": recording.duration_s,
            "SoftwareFilters": "n/a",
            "HardwareFilters": "n/a",
            "EMGPlacementScheme": "Other",
            "EMGPlacementSchemeDescription": "Over the muscle belly, along the fibres (simulated)",
            "EMGReference": "Bipolar",
            "EMGChannelCount": n_emg,
            "InterelectrodeDistance": 10,
            "Manufacturer": "SYNTHETIC",
            "ManufacturersModelName": "emgproc.simulate",
            "SoftwareVersions": "emgproc.simulate",
        }
    )


def channels_table(recording: Recording) -> str:
    """channels.tsv of one recording."""
    rows = [
        channel_cells(channel) | {"description": f"{channel.side} SYNTHETIC".strip()}
        for channel in recording.channels
    ]
    return tsv(["name", "type", "units", "target_muscle", "description"], rows)


def readme(title: str, scenario: str, seed: int) -> str:
    """README.md of the dataset."""
    return (
        f"# SYNTHETIC sample study\n\n{SYNTHETIC}. No row, date or signal belongs to a person.\n\n"
        f"Made by `emgproc.simulate.simulate_study`, scenario `{scenario}`, seed {seed}, in the "
        f"form of: {title}\n\n"
        "What is true of every recording stands in `truth/` (see its README.md).\n"
    )


TRUTH_README = """# SYNTHETIC truth

`channels.tsv`, one row for each recording and EMG channel:

| column | meaning |
|---|---|
| `seed` | what `simulate_recording` was started with |
| `tone_design_ln` | tonic level T asked for by the trial's model, ln(µV) |
| `t_true_formula` | ½ ln Σ rate · E over all units while quiet (Campbell), whole spectrum |
| `t_true_band` | the same with the energy that the 20–450 Hz band passes |
| `t_realised` | ½ ln `ms_realised_uv2` |
| `ms_realised_uv2` | mean square, µV², of the tonic EMG alone (no noise, no fasciculations) \
in the ideal band over quiet wakefulness (`state/3` without `movement` and `cry`) |
| `noise_sigma_uv` | RMS of the white electrode noise over the whole spectrum, µV |
| `noise_power_uv2` | mean square, µV², of the electrode noise in the band over `noise_reference` |
| `clipped_fraction`, `masked_fraction` | share of samples at a rail; of those, cry and movement |
| `n_units`, `n_rhythmic`, `cmap_mv` | living units, those that fire on their own, sum of sizes |
| `heart_rate_bpm`, `mains_hz` | mean heart rate; frequency of the mains |

`infants.tsv`, one row an infant: `d_true_post` and `d_true_month3` are the mean over muscles of
the change of `t_realised` since baseline (ln units), `d_formula_month3` the same of
`t_true_formula`; `censored_muscles_month3` counts muscles whose power was below the limit of
detection of the pair at either visit; `usable_month3` is N where the recording is clipped.

`discharges.h5`: `units` (amplitude, width and size of every motor unit, in the order of the
intervals), `spike_intervals` and `fasciculation_intervals` (ticks of 0.1 ms since the discharge
before), `events` (labels: states, cry, movement, noise reference), `masks` and `mask_intervals`
(samples from edge to edge of the masked spans of every channel). `read_units` and `read_masks` of
`emgproc.simulate.store` read it.
"""

RESPONSES_README = """# SYNTHETIC truth

No surface EMG was recorded. `responses.tsv`, one row for each recorded motor response: living
units, amplitude (baseline to negative peak, of the units' potentials added up, mV), sum of the
units' sizes (mV), area of the negative phase (mV·ms), latency (ms), and whether it is absent
(below 0.05 mV). `responses.h5`: the same with every unit's size, axon and threshold, and what each
stimulus excited; `emgproc.simulate.truth_file.read_truth` reads it. `infants.tsv` has no change of
the tonic level, for there is none to measure.
"""
