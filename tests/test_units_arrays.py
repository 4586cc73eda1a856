import copy
import inspect
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc import errors
from emgproc.arrays import as_channels, as_signal, as_vector, check_fs, spans_of, united
from emgproc.errors import ParameterError, SignalError, UnknownUnitError
from emgproc.units import is_voltage, microvolts_per, to_samples

ERRORS = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, errors.EmgprocError)
]


@pytest.mark.parametrize(
    ("spellings", "factor"),
    [
        (("V", "volt", " V "), 1e6),
        (("mV", "mv", "millivolt"), 1e3),
        (("uV", "µV", "μV", "uv", "microV", "microvolts"), 1.0),
        (("nV",), 1e-3),
    ],
)
def test_every_spelling_of_a_voltage_is_one_factor(spellings, factor):
    for spelling in spellings:
        assert is_voltage(spelling)
        assert microvolts_per(spelling) == factor


@pytest.mark.parametrize("unit", ["", "  ", "MV", "counts", "deg", "dB", "mVs"])
def test_what_is_no_voltage_is_refused_with_its_place(unit):
    assert not is_voltage(unit)
    with pytest.raises(UnknownUnitError, match=r"channel 3: .*state one of V, mV, uV, nV"):
        microvolts_per(unit, where="channel 3")


@settings(deadline=None, max_examples=30)
@given(n=st.integers(-(10**9), 10**9), fs=st.sampled_from([1.0, 333.3, 1259.259, 2048.0, 30000.0]))
def test_the_time_of_a_sample_is_that_sample(n, fs):
    assert to_samples(n / fs, fs) == n


@pytest.mark.parametrize(
    ("seconds", "samples"), [(0.0, 0), (0.0005, 1), (0.00049, 0), (-0.0005, 0), (-0.0006, -1)]
)
def test_half_a_sample_goes_up(seconds, samples):
    assert to_samples(seconds, 1000) == samples


@pytest.mark.parametrize(
    ("seconds", "fs"), [(math.nan, 1000), (math.inf, 1000), (1, 0), (1, -5), (1, math.nan)]
)
def test_times_without_meaning_are_refused(seconds, fs):
    with pytest.raises(ParameterError, match="finite seconds and fs > 0"):
        to_samples(seconds, fs)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64, np.bool_])
def test_the_gate_makes_contiguous_float64(dtype):
    signal = as_signal(np.ones((4, 6), dtype=dtype)[:, ::2])
    assert (signal.dtype, signal.shape, signal.flags.c_contiguous) == (np.float64, (4, 3), True)


def test_the_lowest_integer_keeps_its_size():
    assert np.abs(as_signal(np.array([-32768], dtype=np.int16)))[0] == 32768


def test_the_gate_does_not_copy_what_fits():
    x = np.zeros((2, 3))
    assert as_signal(x) is x


@pytest.mark.parametrize(
    "x", [["a"], [1j], [None], np.array(["2020"], dtype="datetime64[D]"), 3.0]
)
def test_what_is_no_signal_is_refused_by_name(x):
    with pytest.raises(SignalError, match="emg must"):
        as_signal(x, "emg")


def test_vectors_and_channels_have_their_shapes():
    assert as_vector([1, 2]).shape == (2,)
    assert as_channels([1, 2]).shape == (1, 2)
    with pytest.raises(SignalError, match="one-dimensional"):
        as_vector([[1, 2]])
    with pytest.raises(SignalError, match="n_channels, n_samples"):
        as_channels(np.zeros((1, 1, 1)))


@pytest.mark.parametrize("fs", [0, -1, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(fs):
    with pytest.raises(ParameterError, match="above 0 Hz"):
        check_fs(fs)
    assert check_fs(1000) == 1000.0


@settings(deadline=None, max_examples=30)
@given(flags=st.lists(st.booleans(), max_size=30))
def test_spans_rebuild_the_flags_and_never_touch(flags):
    spans = spans_of(np.array(flags, dtype=bool))
    rebuilt = np.zeros(len(flags), dtype=bool)
    for start, stop in spans:
        assert start < stop
        rebuilt[start:stop] = True
    assert_array_equal(rebuilt, flags)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


@settings(deadline=None, max_examples=50)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30)), max_size=8),
    cuts=st.sets(st.integers(1, 29), max_size=4),
)
def test_united_spans_are_those_of_the_flags_within_each_segment(pairs, cuts):
    edges = [0, *sorted(cuts), 30]
    covered, held = np.zeros(30, dtype=bool), []
    for start, length in pairs:
        covered[start : start + length] = True
        held += [
            (max(start, a), min(start + length, b))
            for a, b in pairwise(edges)
            if max(start, a) < min(start + length, b)
        ]
    wanted = [(a + x, a + y) for a, b in pairwise(edges) for x, y in spans_of(covered[a:b])]
    assert united(held, set(edges)) == wanted


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_survives_the_way_between_processes(error):
    if issubclass(error, errors.ConfigurationError):
        made = error("plan.toml", ["a: unknown key", "b: too low"])
    else:
        made = error("x.edf: truncated")
    for returned in (pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert type(returned) is error
        assert str(returned) == str(made)
        assert getattr(returned, "problems", None) == getattr(made, "problems", None)


def test_every_error_has_a_code_of_its_own_and_a_builtin_to_catch_it_by():
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(code.isidentifier() and code == code.lower() for code in codes)
    for error in ERRORS:
        assert error in (errors.EmgprocError, errors.ReadError) or issubclass(
            error, (ValueError, OSError, MemoryError)
        )


def test_what_a_masked_array_hides_is_missing():
    x = np.ma.masked_array([[1, 2, 3], [4, 5, 6]], [[0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(as_signal(x), [[1, np.nan, 3], [4, 5, 6]])


def test_rows_of_unequal_length_are_refused():
    with pytest.raises(SignalError, match="equal length"):
        as_signal([[1, 2], [3]])
