"""The values of a recording joined with what the study says of its channels."""

from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.plan.extraction import FINDINGS_RULE
from emgproc.plan.motor_units import FLAG
from emgproc.study import RecordingTask, VisitValue
from emgproc.study.model import RecordingRow


def visit_values(
    recording: RecordingTask, features: FeatureSet
) -> tuple[list[VisitValue], list[tuple[str, str]]]:
    """Rows of the visit table, and (code, message) of every channel the file does not have.

    Channels that the study does not use are left out. What the steps measured on a channel that is
    no EMG (the heart rate of the ECG) is kept, with no muscle. Motor units belong to the muscle
    and side that all rows of the recording name; to none where they differ. Values of a simulated
    recording carry the flag `synthetic`.
    """
    of_units = [v for v in features.values if FLAG in v.flags]
    of_channels = [v for v in features.values if FLAG not in v.flags]
    emg = list(dict.fromkeys(v.channel for v in of_channels if v.rule_id != FINDINGS_RULE))
    flags = ("synthetic",) if features.synthetic else ()
    values: list[VisitValue] = []
    missing: list[tuple[str, str]] = []
    for row in recording.rows:
        channel = row.channel or (emg[0] if len(emg) == 1 else "")
        if channel in emg:
            own = [v for v in of_channels if v.channel == channel]
            values += [_row(recording, row, value, flags) for value in own]
        elif row.channel:
            what = f"{recording.file} has no EMG channel {row.channel!r}, only {emg}"
            missing.append(("no_such_channel", what))
        else:
            what = f"{recording.file} has {len(emg)} EMG channels {emg}; recordings.tsv names none"
            missing.append(("channel_not_stated", what))
    muscles = {(row.muscle, row.side) for row in recording.rows}
    named = recording.rows[0] if len(muscles) == 1 else None
    values += [_row(recording, named, value, flags) for value in of_units]
    others = [v for v in of_channels if v.channel not in emg]
    values += [_row(recording, None, value, flags) for value in others]
    return values, missing


def _row(
    recording: RecordingTask,
    row: RecordingRow | None,
    value: FeatureValue,
    flags: tuple[str, ...],
) -> VisitValue:
    return VisitValue(
        participant_id=recording.participant_id,
        session_id=recording.session_id,
        recording_id=recording.recording_id,
        channel=value.channel,
        muscle=row.muscle if row else "",
        side=row.side if row else "",
        modality=recording.modality,
        feature=value.name,
        unit=value.unit,
        value=value.value,
        n=value.n,
        flags=(*value.flags, *flags),
        reason=value.reason,
        rule_id=value.rule_id,
    )
