"""From signals of any of OT Bioelettronica's files to an open recording: names, rows, grid."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from emgproc.errors import NoEmgChannelError
from emgproc.readers.file import AuxiliarySummary, Contents, ReadOptions, RecordingFile
from emgproc.readers.labels import unique_names
from emgproc.readers.otb_layouts import LAYOUTS, layout_warning, on_layout
from emgproc.readers.otb_samples import OtbSource, Signal
from emgproc.readers.otb_xml import Product
from emgproc.recording import Event, Grid, Provenance, Segment

ELECTRODES = {"EMG", "ECG", "EEG", "EOG", "REF"}
MAX_CHANNELS = 4096


@dataclass(slots=True)
class Told:
    """What a file tells: its signals in their order, events, rules of scaling, oddities."""

    reader: str
    signals: list[Signal] = field(default_factory=list)
    events: tuple[Event, ...] = ()
    rules: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def assemble(path: Path, told: Told, options: ReadOptions) -> RecordingFile:
    """Open recording of the signals of a file.

    The rows are the electrodes of the rate that most of them have (of equals the faster); all
    else is auxiliary. Of several grids the largest is `grid`, and a warning names them all. Its
    channels have places where the product's layout is known, all its electrodes are in the file,
    and each was recorded against a common reference.

    Raises
    ------
    NoEmgChannelError
        No signal comes from electrodes.
    """
    groups = _groups(told.signals)
    signals = _kinds(_named(told.signals, groups), options)
    electrodes = [s for s in signals if s.is_electrode and s.about.kind in ELECTRODES]
    if not electrodes:
        held = sorted({f"{s.about.name} ({s.about.kind})" for s in signals})[:20]
        raise NoEmgChannelError(
            f"{path.name}: no signal of electrodes, only {held}; state kinds= for those that are"
        )
    rates = Counter(s.stream.fs for s in electrodes)
    fs = max(rates, key=lambda rate: (rates[rate], rate))
    rows = [s for s in electrodes if s.stream.fs == fs]
    chosen = {id(s) for s in rows}
    others = [s for s in signals if id(s) not in chosen]
    n_samples = min(s.stream.n_samples for s in rows)
    warnings = [*told.warnings, *_lengths(rows, n_samples)]
    grid, sites, about_grid = _grid(groups, signals, chosen)
    contents = Contents(
        fs=fs,
        n_samples=n_samples,
        channels=tuple(replace(s.about, place=sites.get(id(s))) for s in rows),
        segments=(Segment(0, n_samples, 0.0),),
        provenance=Provenance(
            source=path.name,
            reader=told.reader,
            scaling="; ".join(dict.fromkeys(rule for rule in told.rules if rule)),
            warnings=tuple(dict.fromkeys([*warnings, *about_grid])),
        ),
        events=told.events,
        auxiliary=tuple(
            AuxiliarySummary(
                s.about.name, s.about.kind, s.about.unit, s.stream.fs, s.stream.n_samples
            )
            for s in others
        ),
        grid=grid,
    )
    return RecordingFile(contents, OtbSource(rows, others, n_samples), (path,))


def _groups(signals: list[Signal]) -> list[tuple[Product, list[int]]]:
    """Grids in their order, each with the places of its signals, by product, muscle and size."""
    groups: list[tuple[Product, list[int]]] = []
    before = None
    for i, signal in enumerate(signals):
        if signal.product is None:
            continue
        this = (signal.product, signal.about.muscle, signal.about.side)
        if this != before or len(groups[-1][1]) == signal.product.n_electrodes:
            groups.append((signal.product, []))
        groups[-1][1].append(i)
        before = this
    return groups


def _named(signals: list[Signal], groups: list[tuple[Product, list[int]]]) -> list[Signal]:
    """Signals with unique names; those of a grid by its code and the electrode's number."""
    names = [signal.about.name for signal in signals]
    alike, seen = Counter(names), Counter[str]()
    for i, name in enumerate(names):
        seen[name] += 1
        if alike[name] > 1:
            names[i] = f"{name} {seen[name]}"
    codes = Counter[str]()
    for product, places in groups:
        codes[product.code] += 1
        again = f"#{codes[product.code]}" if codes[product.code] > 1 else ""
        for k, i in enumerate(places, start=1):
            names[i] = f"{product.code}{again} {k}"
    return [
        replace(signal, about=replace(signal.about, name=name))
        for signal, name in zip(signals, unique_names(names), strict=True)
    ]


def _kinds(signals: list[Signal], options: ReadOptions) -> list[Signal]:
    """Signals with the kinds that the caller states; a voltage becomes a row or ceases to be."""
    found = []
    for signal in signals:
        kind = options.kinds.get(signal.about.name)
        if kind is not None:
            about = replace(signal.about, kind=kind)
            is_electrode = about.unit == "uV" and kind in ELECTRODES
            found.append(replace(signal, about=about, is_electrode=is_electrode))
        else:
            found.append(signal)
    return found


def _lengths(rows: list[Signal], n_samples: int) -> list[str]:
    longer = max(s.stream.n_samples for s in rows)
    if longer == n_samples:
        return []
    return [f"the signal files differ in length: {longer - n_samples} last samples are left out"]


def _grid(
    groups: list[tuple[Product, list[int]]], signals: list[Signal], rows: set[int]
) -> tuple[Grid | None, dict[int, tuple[int, int]], list[str]]:
    """The largest grid of the rows, the places of its signals by their `id`, and warnings."""
    every = [(product, [signals[i] for i in numbers]) for product, numbers in groups]
    held = [
        (product, own)
        for product, own in every
        if any(id(s) in rows and s.about.kind == "EMG" for s in own)
    ]
    if not held:
        return None, {}, []
    product, own = max(held, key=lambda one: len(one[1]))
    n = len(own)
    warnings = []
    if len(held) > 1:
        listed = ", ".join(f"{p.code} ({len(those)} channels)" for p, those in held)
        warnings.append(f"several grids: {listed}; 'grid' is that of the first largest one")
    if n > product.rows * product.cols:
        return None, {}, [*warnings, f"{n} channels do not fit on a {product.code}: no grid"]
    grid = Grid(product.rows, product.cols, product.ied_mm)
    layout = LAYOUTS.get(product.code, ())
    monopolar = all(s.about.reference.casefold() in {"", "monopolar"} for s in own)
    if n == len(layout) and monopolar:
        sites = {id(s): site for s, site in zip(own, layout, strict=True)}
        return on_layout(grid, layout), sites, [*warnings, layout_warning(product.code)]
    warnings.append(
        f"{product.code}: {n} channels in the order of the file; their places on the "
        f"{product.rows} x {product.cols} grid are not stated"
    )
    return grid, {}, warnings
