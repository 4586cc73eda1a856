import dataclasses

import numpy as np
import pytest
from made_mixtures import FS, mixture
from numpy.testing import assert_array_equal

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units import apply_filters, decompose, match
from emgproc.recording import Channel, Recording

TRUE = mixture(5, 18.0, 20.0, 2)
SPLIT = int(8 * FS)


@pytest.fixture(scope="module")
def units():
    return decompose(TRUE.x_uv[:, :SPLIT], FS)


@pytest.fixture(scope="module")
def applied(units):
    return apply_filters(TRUE.x_uv[:, SPLIT:], units, FS)


def test_trained_filters_find_the_same_units_in_a_new_span(units, applied):
    later = [at[at >= SPLIT] - SPLIT for at in TRUE.trains]
    first = match(TRUE.trains, units.discharges, FS, tolerance_s=0.001)
    second = match(later, applied.discharges, FS, tolerance_s=0.001)
    assert len(second.pairs) == 5
    assert [(p.a, p.b) for p in first.pairs] == [(p.a, p.b) for p in second.pairs]
    for before, after in zip(first.pairs, second.pairs, strict=True):
        assert after.agreement.jaccard > 0.97
        assert abs(after.agreement.lag - before.agreement.lag) <= 1
    assert [unit.name for unit in applied.units] == [unit.name for unit in units.units]
    assert applied.units[0].accepted_because.startswith("trained filter, SIL")


def test_the_trained_span_gives_the_trained_discharges(units):
    again = apply_filters(TRUE.x_uv[:, :SPLIT], units, FS)
    for before, after in zip(units.discharges, again.discharges, strict=True):
        shared = np.intersect1d(before, after).size
        assert shared >= 0.98 * max(before.size, after.size)


def test_blocks_that_overlap_give_the_discharges_of_the_whole(units, applied):
    x, overlap = TRUE.x_uv[:, SPLIT:], 1000
    for k in range(3):
        start, stop = k * 6000, k * 6000 + 6000
        lo, hi = max(start - overlap, 0), min(stop + overlap, x.shape[1])
        block = apply_filters(x[:, lo:hi], units, FS)
        for whole, part in zip(applied.discharges, block.discharges, strict=True):
            here = part[(part >= start - lo) & (part < stop - lo)] + lo
            expected = whole[(whole >= start) & (whole < stop)]
            assert np.setxor1d(here, expected).size <= 1


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_byte(units, applied, threads):
    again = apply_filters(TRUE.x_uv[:, SPLIT:], units, FS, threads=threads)
    for before, after in zip(applied.units, again.units, strict=True):
        assert_array_equal(before.discharges, after.discharges)
        assert (before.sil, before.pnr_db) == (after.sil, after.pnr_db)


def test_units_are_silent_where_there_is_only_noise(units):
    noise = np.random.default_rng(1).standard_normal((64, 8192))
    silent = apply_filters(noise, units, FS)
    assert [at.size for at in silent.discharges] == [0] * 5
    assert silent.units[0].accepted_because == (
        "trained height: 0 pulses above it, too few to be judged by SIL"
    )


def test_a_signal_of_other_units_rejects_the_filters():
    other = mixture(12, 8.0, 20.0, 9)
    found = apply_filters(other.x_uv * 30, decompose(TRUE.x_uv[:, :SPLIT], FS), FS)
    assert found.rejected
    assert all("does not fit this span" in unit.rejected_because for unit in found.rejected)


def test_channels_are_found_by_name_and_a_missing_one_is_refused(units, applied):
    names = [f"EMG{i + 1}" for i in range(64)]
    turned = Recording.from_array(TRUE.x_uv[::-1, SPLIT:], FS, channels=[*names[::-1]][:64])
    for before, after in zip(applied.units, apply_filters(turned, units).units, strict=True):
        assert_array_equal(before.discharges, after.discharges)
    with pytest.raises(ParameterError, match="no channel 'EMG1'"):
        apply_filters(turned.pick(list(range(63))), units)


def test_a_dead_channel_is_a_verdict(units):
    x = TRUE.x_uv[:, SPLIT:].copy()
    x[9] = 0.0
    found = apply_filters(x, units, FS)
    assert (found.units, found.verdict) == ((), "channel_lost: EMG10 dead")
    x[9] = np.nan
    assert apply_filters(x, units, FS).verdict == "channel_lost: EMG10 masked"


def test_what_the_filters_were_not_trained_for_is_refused(units):
    x = TRUE.x_uv[:, SPLIT:]
    with pytest.raises(ParameterError, match="trained at 2048 Hz, the recording has 2000 Hz"):
        apply_filters(x, units, 2000.0)
    with pytest.raises(SignalError, match="need 64 channels, the array has 63"):
        apply_filters(x[:63], units, FS)
    nothing = dataclasses.replace(units, units=(), verdict="no_unit: noise")
    with pytest.raises(ParameterError, match="no unit to apply: no_unit: noise"):
        apply_filters(x, nothing, FS)


def test_the_kind_of_other_channels_does_not_matter(units, applied):
    x = np.vstack([TRUE.x_uv[:, SPLIT:], np.zeros((1, TRUE.x_uv.shape[1] - SPLIT))])
    names = [Channel(f"EMG{i + 1}") for i in range(64)]
    recording = Recording.from_array(x, FS, channels=[*names, Channel("F", "FORCE")])
    for before, after in zip(applied.units, apply_filters(recording, units).units, strict=True):
        assert_array_equal(before.discharges, after.discharges)
