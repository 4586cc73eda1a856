"""One recording on its way into a BIDS dataset: its files, then the tables of the dataset."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import emgproc
from emgproc.errors import ParameterError, SignalError
from emgproc.writers.bids_new_files import NewFiles
from emgproc.writers.bids_options import BidsOptions
from emgproc.writers.bids_people import upsert
from emgproc.writers.bids_settings import settings_of
from emgproc.writers.bids_streams import (
    MainStream,
    Track,
    TrackStream,
    find_tracks,
    same_rate,
    together,
)
from emgproc.writers.bids_tables import (
    BIDS_VERSION,
    COORDINATES,
    EVENT_COLUMNS,
    channel_cells,
    channels_text,
    electrode_name,
    electrodes_of,
    electrodes_text,
    events_text,
    grid_places,
    json_text,
    mark_bad,
    plain_unit,
    signal_cells,
)
from emgproc.writers.edf import Written, write_edf
from emgproc.writers.edf_labels import HeaderOptions
from emgproc.writers.stream import Readable

DESCRIPTION = "dataset_description.json"
_LABEL = 16  # characters of an EDF label


class BidsWritten(NamedTuple):
    """What was written.

    Attributes
    ----------
    recording
        The file of the channels.
    files
        All files that are new, the recording first.
    lsb_uv
        Step of each channel, µV.
    left_out
        What the dataset cannot hold, and why.
    """

    recording: Path
    files: tuple[Path, ...]
    lsb_uv: dict[str, float]
    left_out: tuple[str, ...]


class BidsWriting:
    """One recording on its way into a dataset."""

    def __init__(self, source: Readable, root: Path, options: BidsOptions) -> None:
        self._source = source
        self._root = root
        self._options = options
        tracks = find_tracks(source)
        self._left_out = [f"{t.name}: {t.trouble}" for t in tracks if t.trouble]
        self._groups = together(tracks)
        self._folder = options.folder(root) / "emg"
        self._new = NewFiles(self._folder)
        self._start_s = source.segments[0].onset_s

    def run(self) -> BidsWritten:
        """Write all files or none."""
        names = self._names()
        for name in names:
            self._new.refuse_existing(self._options.stem(name))
        with self._new:
            written = self._main(names[0])
            kept = [names[0]]
            for name, group in zip(names[1:], self._groups, strict=True):
                if self._beside(name, group):
                    kept.append(name)
            self._dataset(kept)
        file = self._folder / f"{self._options.stem(names[0])}_emg.{self._options.suffix}"
        return BidsWritten(file, self._new.files, written.lsb_uv, tuple(self._left_out))

    def _names(self) -> list[str | None]:
        """The `recording` label of each file; one alone needs none."""
        own = self._options.recording_label
        if not self._groups:
            return [own]
        names = [own or _rate_label(self._source.fs)]
        for group in self._groups:
            plain = label = (own or "") + _rate_label(group[0].fs)
            number = 1
            while label in names:
                number += 1
                label = f"{plain}n{number}"
            names.append(label)
        return [*names]

    def _main(self, name: str | None) -> Written:
        source = self._source
        same = same_rate(source)
        labels = self._labels([*(c.name for c in source.channels), *(a.name for a in same)])
        stream = MainStream(source, labels)
        stem = self._options.stem(name)
        file = self._new.path(f"{stem}_emg.{self._options.suffix}")
        bits = 24 if self._options.suffix == "bdf" else 16
        written = write_edf(stream, file, bits=bits, options=self._header({}))
        self._new.take(file)
        steps = {c.name: written.lsb_uv[labels.get(c.name, c.name)] for c in source.channels}
        if self._options.suffix == "edf":
            _check_exact(source, steps)
        rows = [channel_cells(channel) for channel in source.channels]
        kept = set(written.auxiliary)
        beside = [a for a in same if labels.get(a.name, a.name) in kept]
        rows += [signal_cells(a.name, a.kind, a.unit) for a in beside]
        mark_bad(rows, source.events)
        self._electrodes(rows, name)
        self._left_out += written.left_out
        self._texts(stem, stream, rows, None)
        if source.events:
            self._new.text(f"{stem}_events.tsv", events_text(source.events, self._start_s))
            self._new.text(f"{stem}_events.json", json_text(EVENT_COLUMNS))
        return written._replace(lsb_uv=steps)

    def _beside(self, name: str | None, group: list[Track]) -> bool:
        """One file of auxiliary signals of another rate; whether it could be written."""
        stem = self._options.stem(name)
        labels = self._labels([track.name for track in group])
        stream = MainStream(TrackStream(self._source, group), labels)
        units = {labels.get(t.name, t.name): plain_unit(t.unit) for t in group}
        file = self._new.path(f"{stem}_emg.bdf")
        try:
            write_edf(stream, file, bits=24, options=self._header(units))
        except (ParameterError, SignalError) as error:
            self._left_out.append(f"{', '.join(t.name for t in group)}: {error}")
            return False
        self._new.take(file)
        late_s = stream.segments[0].onset_s - self._start_s
        rows = [signal_cells(t.name, t.kind, t.unit) for t in group]
        self._texts(stem, stream, rows, late_s)
        return True

    def _texts(
        self,
        stem: str,
        stream: Readable,
        rows: Sequence[Mapping[str, object]],
        late_s: float | None,
    ) -> None:
        """The sidecars that every file has."""
        content = settings_of(stream, self._options.emg, self._options.task, late_s)
        self._new.text(f"{stem}_emg.json", json_text(content))
        self._new.text(f"{stem}_channels.tsv", channels_text(rows))

    def _header(self, units: Mapping[str, str]) -> HeaderOptions:
        return HeaderOptions(plain_labels=True, units=units, study_day=self._options.study_day)

    def _labels(self, names: Sequence[str]) -> dict[str, str]:
        """Labels in the file of the names that are no label: their beginning, or a number."""
        cut = [
            name[:_LABEL].strip() if name.isascii() and name.isprintable() else ""
            for name in names
        ]
        labels: dict[str, str] = {}
        for place, (name, label) in enumerate(zip(names, cut, strict=True), start=1):
            if label == name and name:
                continue
            labels[name] = label if label and cut.count(label) == 1 else f"ch{place}"
            while label != labels[name] and labels[name] in cut:
                labels[name] += "_"
        if labels:
            first, label = next(iter(labels.items()))
            self._left_out.append(
                f"{len(labels)} name(s) fit no header, as {first!r}, which is {label!r} in the "
                "file itself: channels.tsv has them (mne-bids: on_ch_mismatch='rename')"
            )
        return labels

    def _electrodes(self, rows: Sequence[dict[str, object]], name: str | None) -> None:
        """Give the channels their electrodes, and write where these are."""
        grid = self._source.read(0, 0).grid
        if grid is None:
            return
        channels = [channel for channel in self._source.channels if channel.kind == "EMG"]
        sites = grid_places(grid, channels, self._options.places)
        size = f"the {grid.rows} x {grid.cols} grid"
        if not sites:
            self._left_out.append(
                f"{size}: the places of its channels are not stated; state places="
            )
            return
        empty = len(electrodes_of(grid)) - len(sites)
        if empty:
            self._left_out.append(
                f"{empty} electrode(s) of {size} that have no channel: a grid read back has as "
                "many rows and columns as its channels take"
            )
        for row in rows:
            if row["name"] in sites:
                row["signal_electrode"] = electrode_name(sites[str(row["name"])])
        places = list(sites.values())
        visit, stem = self._options.visit, self._options.stem(name)
        space = self._new.same_or_free(
            [(f"grid{i}", f"{visit}_space-grid{i}_coordsystem.json") for i in range(1, 100)],
            json_text(COORDINATES),
        )
        text = electrodes_text(places, grid.ied_mm, space)
        part = f"_recording-{name}" if name else ""
        # Electrodes stay within a visit; only where they did not, each recording has its own.
        self._new.same_or_free([("", f"{s}_electrodes.tsv") for s in (visit + part, stem)], text)

    def _dataset(self, names: Sequence[str | None]) -> None:
        """What a dataset has once, and its tables of participants and scans."""
        options, root = self._options, self._root
        if not (root / DESCRIPTION).is_file():
            self._new.text(root / DESCRIPTION, _description(options.dataset_name or ""))
        if not any(root.glob("README*")):
            self._new.text(root / "README.md", f"# {options.dataset_name or root.name}\n")
        if options.study_day is not None:
            visit = options.folder(root)
            for name in names:
                endings = ("edf", "bdf")
                stems = [f"{options.stem(name)}_emg.{ending}" for ending in endings]
                file = next(f for f in stems if (self._folder / f).is_file())
                row = {"filename": f"emg/{file}", "study_day": options.study_day}
                upsert(visit / f"{options.visit}_scans.tsv", "filename", row)
        row = {"participant_id": f"sub-{options.subject}", **options.participant}
        upsert(root / "participants.tsv", "participant_id", row)


def _description(name: str) -> str:
    content = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "emgproc", "Version": emgproc.__version__}],
    }
    return json_text(content)


def _rate_label(fs: float) -> str:
    """Label of a file by its rate: 2048 Hz is 2048Hz, 148.148 Hz is 148p148Hz."""
    return re.sub(r"[^0-9p]", "", f"{fs:.9g}".replace(".", "p")) + "Hz"


def _check_exact(source: Readable, steps: Mapping[str, float]) -> None:
    """Refuse EDF where 16 bits would round."""
    for channel in source.channels:
        step = steps[channel.name]
        if channel.lsb_uv is None or abs(step / channel.lsb_uv - 1) > 1e-6:
            raise ParameterError(
                f"channel {channel.name!r}: 16 bits of EDF would round its samples to {step:g} "
                "µV; leave suffix='bdf'"
            )
