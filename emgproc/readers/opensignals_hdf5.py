"""OpenSignals .h5: a group for each device, a dataset (n, 1) for each of its channels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emgproc.errors import FormatError
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.matlab_hdf5 import Hdf5Matrix, Hdf5Variables
from emgproc.readers.matlab_hdf5_checks import Checked, damage_told
from emgproc.readers.matlab_signals import Export, opened
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.readers.opensignals import Device, device_signals, scaling, unbroken


def open_opensignals_hdf5(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an OpenSignals .h5; of several devices those of one rate make the recording.

    Raises
    ------
    UnknownUnitError
        No transfer function is known of an EMG channel, or there is none.
    FormatError
        The file is damaged or the description does not fit the datasets.
    """
    variables = Hdf5Variables(path)
    try:
        with damage_told(path.name):
            export = _export(variables, options)
        return opened(path, variables, export, options)
    except BaseException:
        variables.close()
        raise


def _export(variables: Hdf5Variables, options: ReadOptions) -> Export:
    signals: list[Signal] = []
    devices: list[Device] = []
    warnings: list[str] = []
    for address in variables.names:
        where = f"{variables.where}: device {len(devices) + 1}"
        device, found, told = _device(variables.checked, address, options, where)
        devices.append(device)
        signals += found
        warnings += [f"device {len(devices)}: {told}"] if told else []
    return Export(
        signals=tuple(signals),
        reader="opensignals h5",
        scaling=scaling(devices, options),
        warnings=tuple(warnings),
    )


def _device(
    checked: Checked, address: str, options: ReadOptions, where: str
) -> tuple[Device, list[Signal], str]:
    """A device, its signals, and what its sequence counter tells."""
    import h5py

    group = checked.child(checked.file, address)
    if not isinstance(group, h5py.Group):
        raise FormatError(f"{where}: no group describes it")
    numbers = _integers(checked.attribute(group, "channels"), where, "channels")
    datasets = [checked.find(f"{address}/raw/channel_{number}") for number in numbers]
    if not datasets or any(dataset is None for dataset in datasets):
        raise FormatError(f"{where}: its channels {numbers[:16]} are not all there")
    fs = _integers(checked.attribute(group, "sampling rate"), where, "sampling rate")[0]
    device = Device(
        model=_text(checked.attribute(group, "device")),
        fs=float(fs),
        names=tuple(
            _text(checked.attribute(d, "label")) or f"CH{n}"
            for d, n in zip(datasets, numbers, strict=True)
        ),
        sensors=tuple(_text(checked.attribute(d, "sensor")) for d in datasets),
        bits=_integers(checked.attribute(group, "resolution"), where, "resolution"),
    )
    device.check(where)
    matrices = [_matrix(checked, dataset, where) for dataset in datasets]
    count = matrices[0].rows
    if any(matrix.rows != count for matrix in matrices):
        raise FormatError(f"{where}: its channels have {[m.rows for m in matrices][:16]} samples")
    signals = device_signals(device, [Piece(m, 0, 0, 0, count) for m in matrices], options, where)
    signals += _digital(checked, address, device, count)
    sequence = checked.find(f"{address}/raw/nSeq")
    spans, told = [(0, count, 0)], ""
    if sequence is not None:
        counter = _matrix(checked, sequence, where)
        if counter.rows == count:
            spans, told = unbroken(counter, 0, 0)
    return device, [in_spans(signal, spans) for signal in signals], told


def in_spans(signal: Signal, spans: list[tuple[int, int, int]]) -> Signal:
    """The signal in the pieces between lost samples."""
    piece = signal.pieces[0]
    pieces = [
        replace(piece, first=a, count=b - a, onset_s=(a + lost) / signal.fs)
        for a, b, lost in spans
    ]
    return replace(signal, pieces=tuple(pieces))


def _digital(checked: Checked, address: str, device: Device, count: int) -> list[Signal]:
    """Digital inputs as long as the channels."""
    import h5py

    group = checked.find(f"{address}/digital")
    if not isinstance(group, h5py.Group):
        return []
    found = []
    for name in checked.keys(group):
        matrix = _matrix(checked, checked.child(group, name), checked.where)
        if matrix.rows == count:
            found.append(Signal(name, "", device.fs, (Piece(matrix, 0, 0, 0, count),), "TRIG"))
    return found


def _matrix(checked: Checked, found: Any, where: str) -> Hdf5Matrix:  # noqa: ANN401
    dataset = checked.dataset(found)
    if dataset.dtype.kind not in "iu" or dataset.ndim != 2 or dataset.shape[1] != 1:
        raise FormatError(f"{where}: {dataset.name} is {dataset.dtype} of shape {dataset.shape}")
    return Hdf5Matrix(dataset, checked, transposed=False)


def _integers(value: Any, where: str, name: str) -> tuple[int, ...]:  # noqa: ANN401
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iu" or not value.size:
        raise FormatError(f"{where}: its {name} is {str(value)[:60]!r}, no whole number")
    return tuple(int(v) for v in value.tolist())


def _text(value: Any) -> str:  # noqa: ANN401
    return value.strip() if isinstance(value, str) else ""
