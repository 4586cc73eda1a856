import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_kernels import decoded
from numpy.testing import assert_array_equal

from emgproc._kernels._jit import JIT_DISABLED
from emgproc._kernels.decode import NO_PARTS, decode_records, parts_of, scale_16, scale_24

EXTREMES = {2: [-32768, -1, 0, 1, 32767], 3: [-8388608, -65537, -1, 0, 1, 256, 8388607]}


def bytes_of(values, width):
    joined = b"".join(v.to_bytes(width, "little", signed=True) for v in values)
    return np.frombuffer(joined, np.uint8)


@pytest.mark.parametrize("width", [2, 3])
def test_every_extreme_of_a_value_is_scaled_as_numpy_scales_it(width):
    values = EXTREMES[width] * 13  # past the lanes of any vector
    raw = bytes_of(values, width)
    out = np.full(len(values), np.nan)
    if width == 2:
        scale_16(raw, 0, 0.1, -7.3, NO_PARTS, out, 0, out.size)
    else:
        scale_24(raw, 0.1, -7.3, out)
    expected = np.array(values) * 0.1 + -7.3
    assert out.tobytes() == expected.tobytes()


# As of ±3276.8, ±1000 and 0 to 5 over the whole range, of powers of two, and of none of these;
# the last ones have no parts: they overflow, or their zero is far from half counts.
SCALES = [
    (0.1, 0.0), (2000 / 65535, 1000 / 65535), (5 / 65535, 32768 * 5 / 65535), (0.03125, 0.0),
    (-0.1, 0.05), (6.103515625e-05, 0.0), (2.34375, -1228800.0), (1e300, 0.0), (1e-300, 0.0),
    (0.1, 0.033), (7.0, 1e9), (0.1, -7.3),
]  # fmt: skip


@pytest.mark.parametrize("scale", SCALES)
def test_parts_of_a_scale_round_every_count_as_float64_does(scale):
    gain, zero = scale
    counts = np.arange(-32768, 32768)
    with np.errstate(over="ignore"):
        expected = (counts * gain + zero).astype(np.float32)
    out = np.full(counts.size, np.nan, np.float32)
    raw = counts.astype("<i2").view(np.uint8)
    scale_16(raw, 0, gain, zero, parts_of(gain, zero), out, 0, out.size)
    assert out.tobytes() == expected.tobytes()


def test_scales_of_usual_converters_have_parts_and_one_that_overflows_has_none():
    fused = not JIT_DISABLED and parts_of(0.1, 0.0)[0] == 0
    assert np.isnan(parts_of(1e300, 0.0)).all()
    if fused:
        assert not np.isnan([parts_of(*scale) for scale in SCALES[:6]]).any()


@pytest.mark.parametrize("width", [2, 3])
@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    per_record=st.integers(1, 9) | st.integers(30, 80),
    n_records=st.integers(1, 5),
    seed=st.integers(0, 99),
    kind=st.sampled_from([np.float64, np.float32]),
    data=st.data(),
)
def test_any_span_of_records_equals_the_slow_twin_and_nothing_else_is_written(
    width, lengths, per_record, n_records, seed, kind, data
):
    # Signals of the bank, each after a stranger of another length.
    starts, at = [], 0
    for length in lengths:
        at += width * length
        starts.append(at)
        at += width * per_record
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 256, n_records * at).astype(np.uint8)
    raw.flags.writeable = False
    first = data.draw(st.integers(0, n_records * per_record - 1))
    stop = data.draw(st.integers(first + 1, n_records * per_record))
    gains, zeros = rng.normal(0, 1, (2, len(starts)))
    out = np.full((len(starts), stop - first + 2), np.nan, kind)
    parts = np.tile(NO_PARTS, (len(starts), 1))
    targets = np.arange(len(starts)) * out.shape[1] + 1
    decode_records(
        raw, width, at, per_record, (first, stop), np.array(starts), gains, zeros,
        parts, out.reshape(-1), targets,
    )  # fmt: skip
    for row, start, gain, zero in zip(out, starts, gains, zeros, strict=True):
        counts = decoded(raw.tobytes(), width, at, per_record, start, first, stop)
        assert_array_equal(row[1:-1], (np.array(counts) * gain + zero).astype(kind))
    assert np.isnan(out[:, [0, -1]]).all()
