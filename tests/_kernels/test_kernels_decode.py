import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_kernels import decoded
from numpy.testing import assert_array_equal

from emgproc._kernels.decode import decode_records, scale_16, scale_24

EXTREMES = {2: [-32768, -1, 0, 1, 32767], 3: [-8388608, -65537, -1, 0, 1, 256, 8388607]}


def bytes_of(values, width):
    joined = b"".join(v.to_bytes(width, "little", signed=True) for v in values)
    return np.frombuffer(joined, np.uint8)


@pytest.mark.parametrize(("width", "scale"), [(2, scale_16), (3, scale_24)])
def test_every_extreme_of_a_value_is_scaled_as_numpy_scales_it(width, scale):
    values = EXTREMES[width] * 13  # past the lanes of any vector
    raw = bytes_of(values, width)
    out = np.full(len(values), np.nan)
    scale(raw.view(np.int16) if width == 2 else raw, 0.1, -7.3, out)
    expected = np.array(values) * 0.1 + -7.3
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("width", [2, 3])
@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    per_record=st.integers(1, 9),
    n_records=st.integers(1, 5),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_any_span_of_records_equals_the_slow_twin_and_nothing_else_is_written(
    width, lengths, per_record, n_records, seed, data
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
    out = np.full((len(starts), stop - first + 2), np.nan)
    targets = np.arange(len(starts)) * out.shape[1] + 1
    decode_records(
        raw, width, at, per_record, (first, stop), np.array(starts), gains, zeros,
        out.reshape(-1), targets,
    )  # fmt: skip
    for row, start, gain, zero in zip(out, starts, gains, zeros, strict=True):
        counts = decoded(raw.tobytes(), width, at, per_record, start, first, stop)
        assert_array_equal(row[1:-1], np.array(counts) * gain + zero)
    assert np.isnan(out[:, [0, -1]]).all()
