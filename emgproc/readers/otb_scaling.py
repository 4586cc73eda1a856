"""From counts to µV: the converters of OT Bioelettronica's devices.

µV = counts · range / 2^bits / gain · 10⁶. The table is that of the maker's own script
(OpenOTBfilesConvFact.m). Four public readers give four amplitudes for one file, because the XML
states neither the range nor, for most devices, the true gain: the maker's simple script and
biosigio are 34 % too low for a Quattrocento, hdsemg-shared 4 %.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from emgproc.errors import ParameterError, UnknownUnitError
from emgproc.readers.file import ReadOptions


class Converter(NamedTuple):
    """Full range in V, bits, and the gain of all stages before it."""

    range_v: float
    bits: int
    gain: float

    @property
    def is_possible(self) -> bool:
        """Whether there could be such a converter: values far from these would overflow."""
        return 1e-9 <= self.range_v <= 1e6 and 1 <= self.bits <= 32 and 1e-6 <= self.gain <= 1e9

    @property
    def lsb_uv(self) -> float:
        """µV in one count."""
        exact = Fraction(repr(self.range_v)) * 10**6 / (1 << self.bits) / Fraction(repr(self.gain))
        return float(exact)

    @property
    def rails_uv(self) -> tuple[float, float]:
        """Lowest and highest value, µV."""
        half = 1 << (self.bits - 1)
        return -half * self.lsb_uv, (half - 1) * self.lsb_uv

    def __str__(self) -> str:
        return f"{self.range_v:g} V, {self.bits} bits, gain {self.gain:g}"


class Scaled(NamedTuple):
    """What an adapter's counts are: `converter` is None for plain counts."""

    converter: Converter | None
    rule: str
    warnings: tuple[str, ...] = ()
    electrodes: bool = False
    kind: str = "MISC"


_QUATTROCENTO = Converter(5.0, 16, 150.0)
_DUE_PLUS = Converter(3.3, 16, 202.0)
_PROBES = {2: Converter(4.8, 16, 256.0), 3: Converter(4.8, 24, 1.0), 4: Converter(4.8, 24, 1.0)}
_INPUTS = {
    "QUATTROCENTO": _QUATTROCENTO, "QUATTRO": _QUATTROCENTO,
    "DUE+": _DUE_PLUS, "QUATTRO+": _DUE_PLUS, "DUE": Converter(5.0, 16, 200.0),
}  # fmt: skip
_WITH_PROBES = {"MUOVI", "MUOVI+", "SESSANTAQUATTRO", "SESSANTAQUATTRO+", "SYNCSTATION"}
_DIRECT = Converter(5.0, 16, 0.5)
_WITH_DIRECT = {"QUATTROCENTO", "QUATTRO", "SYNCSTATION"}
_LOAD_CELL = Converter(5.0, 16, 205.0)
_COUNTED = ("ADAPTERCONTROL", "ADAPTERQUATERNIONS")


def check_options(options: ReadOptions) -> None:
    """Refuse a stated range or gain that no amplifier has.

    Raises
    ------
    ParameterError
        `adc_range_v` or `gain` is not a positive number, or none of this world.
    """
    range_v = 1.0 if options.adc_range_v is None else options.adc_range_v
    gain = 1.0 if options.gain is None else options.gain
    if not Converter(range_v, 1, gain).is_possible:
        raise ParameterError(
            "adc_range_v must be a positive number of at most 1e6 V and gain one of at most 1e9, "
            f"got {options.adc_range_v!r} and {options.gain!r}"
        )


def scale_adapter(
    device: str, adapter: str, stated_gain: float | None, width: int, options: ReadOptions
) -> Scaled:
    """Converter of an adapter, by the table unless the caller states another.

    Parameters
    ----------
    device, adapter
        Name and ID as the XML gives them; what follows a ";" is ignored.
    stated_gain
        Gain in the XML.
    width
        Bytes of a sample: devices of 16 and of 24 bits share a name.

    Raises
    ------
    UnknownUnitError
        The device is not in the table, and its XML states a gain the table's catch-all lacks.
    """
    device, adapter = (name.split(";")[0].strip().upper() for name in (device, adapter))
    if adapter.startswith(_COUNTED):
        return Scaled(None, "control channels and quaternions in counts")
    if adapter == "ADAPTERLOADCELL":
        return _load_cell(device)
    if adapter.startswith("DIRECT CONNECTION"):
        return _direct(device, adapter)
    return _inputs(device, adapter, stated_gain, width, options)


def _load_cell(device: str) -> Scaled:
    if device != "SYNCSTATION":
        return _unknown(device, "a load cell", "FORCE")
    warning = "load cell: gain 205 of the maker's table used; another reader takes 0.5"
    return Scaled(_LOAD_CELL, f"load cell {_LOAD_CELL}", (warning,), kind="FORCE")


def _direct(device: str, adapter: str) -> Scaled:
    if device not in _WITH_DIRECT:
        return _unknown(device, f"'{adapter.lower()}'")
    return Scaled(_DIRECT, f"direct connections {_DIRECT}")


def _unknown(device: str, what: str, kind: str = "MISC") -> Scaled:
    warning = f"the scale of {what} of {device or 'an unnamed device'} is not known: in counts"
    return Scaled(None, "", (warning,), kind=kind)


def _inputs(
    device: str, adapter: str, stated_gain: float | None, width: int, options: ReadOptions
) -> Scaled:
    table, known = _of_table(device, adapter, width)
    used = Converter(
        table.range_v if options.adc_range_v is None else options.adc_range_v,
        table.bits,
        table.gain if options.gain is None else options.gain,
    )
    rule = f"{device} inputs {used}"
    if used != table:
        return _amplified(used, f"{rule} (stated by the caller; the table has {table})")
    fits = stated_gain in {None, 1.0, table.gain}
    if not known and not fits:
        raise UnknownUnitError(
            f"the device {device!r} is not in the table of converters, and its gain of "
            f"{stated_gain:g} does not fit the table's catch-all ({table}); state adc_range_v= "
            "(V) and gain="
        )
    warnings = []
    if not known:
        warnings.append(
            f"{device!r} is not in the table of converters: its catch-all {table} used"
        )
    if not fits:
        warnings.append(
            f"{device}: the XML states a gain of {stated_gain:g}, the table's {table.gain:g} used"
            "; state gain= if the file is right"
        )
    if device == "DUE":
        warnings.append("DUE: 5 V and gain 200 of the maker's table; another reader takes 3.3 V")
    if table.bits == 16 and width != 2:
        warnings.append(f"{device}: samples of {width} bytes, the table has 16 bits")
    return _amplified(used, f"{rule} (device table)", warnings)


def _amplified(used: Converter, rule: str, warnings: Iterable[str] = ()) -> Scaled:
    return Scaled(used, rule, tuple(warnings), electrodes=True, kind="")


def _of_table(device: str, adapter: str, width: int) -> tuple[Converter, bool]:
    """Converter of amplifier inputs, and whether the table names the device."""
    if device == "SYNCSTATION" and adapter in {"DUE+", "QUATTRO+"}:
        return _DUE_PLUS, True
    if device in _INPUTS:
        return _INPUTS[device], True
    return _PROBES[width], device in _WITH_PROBES
