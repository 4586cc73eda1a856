from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc._kernels.window_grid import Grid, Scaled, Wanted
from emgproc.features.window_lanes import Sliding, sum_windows

ROWS = ["MEAN", "M2", "WL", "SSC", "WAMP", "SLOPES", "BENDS", "LEVEL", "ZC"]
ROWS += ["CUBES", "FOURTHS", "LOGS", "NONZERO", "POWER"]
ALL = [*map(Scaled, ROWS)]
LENGTHS = [(64, 16), (64, 32), (48, 48), (60, 20), (33, 11), (5, 9), (40, 7)]


def slow_sums(window, wanted):
    """Each sum written out, over one window."""
    mean = sum(window) / len(window)
    c = window - (0.0 if wanted.about_zero else mean)
    d = [b - a for a, b in pairwise(window)]
    turns = [a * b < 0 and max(abs(a), abs(b)) >= wanted.ssc for a, b in pairwise(d)]
    crossings = [
        a * b < 0 and abs(step) >= wanted.zc for (a, b), step in zip(pairwise(c), d, strict=True)
    ]
    logs = [np.log(abs(v)) for v in c if v != 0]
    return [
        mean,
        sum((window - mean) ** 2),
        sum(map(abs, d)),
        sum(turns),
        sum(abs(v) > wanted.wamp for v in d),
        sum(v**2 for v in d),
        sum((b - a) ** 2 for a, b in pairwise(d)),
        sum(abs(c)),
        sum(crossings),
        sum((window - mean) ** 3),
        sum((window - mean) ** 4),
        sum(logs),
        len(logs),
        sum(window**2),
    ]


def signal(n_channels, n_samples, dtype):
    """Whole numbers around an offset, whose sums of windows are exact even in float32."""
    rng = np.random.default_rng(n_channels)
    return rng.integers(-8, 9, (n_channels, n_samples)).astype(dtype)


@pytest.mark.parametrize("about_zero", [False, True])
@pytest.mark.parametrize(("length", "hop"), LENGTHS)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_sums_equal_their_slow_twins(length, hop, about_zero, dtype, rtol):
    wanted = Wanted(
        3.0, 4.0, 5.0, about_zero=about_zero, level=True, slopes=True, shape=True, logs=True
    )
    x = signal(3, 170, dtype)
    windows = Sliding(length, hop, 170)
    found = sum_windows(x, windows, wanted, ALL, threads=2)
    assert found.shape == (14, 3, (170 - length) // hop + 1)
    expected = [
        [slow_sums(row[s : s + length].astype(float), wanted) for s in windows.starts] for row in x
    ]
    for name, one, other in zip(ROWS, found, np.moveaxis(expected, -1, 0), strict=True):
        scale = length * 8.0 ** {"CUBES": 3, "FOURTHS": 4, "M2": 2, "POWER": 2}.get(name, 1)
        assert_allclose(one, other, rtol=rtol, atol=rtol * scale, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("length", "hop"), [(64, 16), (40, 7)])
def test_counts_are_exact(dtype, length, hop):
    wanted = Wanted(
        3.0, 4.0, 5.0, about_zero=True, level=True, slopes=False, shape=False, logs=False
    )
    x = signal(18, 200, dtype)
    rows = [Scaled("SSC"), Scaled("WAMP"), Scaled("ZC")]
    found = sum_windows(x, Sliding(length, hop, 200), wanted, rows, threads=1)
    for c, row in enumerate(x.astype(float)):
        for w in range(found.shape[2]):
            window = row[w * hop : w * hop + length]
            assert found[:, c, w].tolist() == [slow_sums(window, wanted)[k] for k in (3, 4, 8)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_samples", [64, 340])
def test_sums_are_scaled_once_and_then_rooted(dtype, n_samples):
    wanted = Wanted(
        3.0, 4.0, 5.0, about_zero=True, level=True, slopes=False, shape=False, logs=False
    )
    x, windows = signal(3, n_samples, dtype), Sliding(64, 16, n_samples)
    rows = [Scaled("POWER", 1 / 64, root=True), None, Scaled("WL", 3.0), Scaled("M2")]
    found = sum_windows(x, windows, wanted, rows, threads=1)
    plain = sum_windows(x, windows, wanted, [Scaled("POWER"), Scaled("WL")], threads=1)
    assert_array_equal(found[0], np.sqrt(plain[0] * (1 / 64)))
    assert_array_equal(found[2], 3.0 * plain[1])


def test_a_window_has_the_same_bytes_alone_and_among_others():
    x = np.random.default_rng(0).standard_normal((5, 900)) * 30 + 100
    wanted = Wanted(
        0.0, 0.0, 10.0, about_zero=False, level=True, slopes=True, shape=True, logs=True
    )
    together = sum_windows(x, Sliding(64, 16, 900), wanted, ALL, threads=3)
    for c, w in [(0, 0), (1, 17), (4, 52)]:
        alone = sum_windows(
            x[c : c + 1, w * 16 : w * 16 + 64], Sliding(64, 16, 64), wanted, ALL, threads=1
        )
        assert_array_equal(together[:, c, w], alone[:, 0, 0])


def test_a_value_that_is_not_finite_touches_only_the_windows_that_hold_it():
    x = np.random.default_rng(0).standard_normal((2, 400))
    wanted = Wanted(
        0.0, 0.0, 0.0, about_zero=False, level=True, slopes=True, shape=True, logs=True
    )
    clean = sum_windows(x, Sliding(64, 16, 400), wanted, ALL, threads=1)
    x[1, 200] = np.nan
    found = sum_windows(x, Sliding(64, 16, 400), wanted, ALL, threads=1)
    assert_array_equal(found[:, 0], clean[:, 0])
    held = np.array([s <= 200 < s + 64 for s in Sliding(64, 16, 400).starts])
    assert_array_equal(np.isnan(found[1, 1]), held)
    assert_array_equal(found[:, 1, ~held], clean[:, 1, ~held])


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_products_that_leave_the_range_are_taken_apart(scale):
    x = np.random.default_rng(0).standard_normal((1, 64)) * scale
    wanted = Wanted(
        0.0, 0.0, 0.0, about_zero=True, level=True, slopes=False, shape=False, logs=True
    )
    found = sum_windows(x, Sliding(64, 64, 64), wanted, [Scaled("LOGS")], threads=1)
    assert_allclose(found[0, 0, 0], np.log(np.abs(x)).sum(), rtol=1e-13)


@pytest.mark.parametrize(
    ("length", "hop", "grid"),
    [
        (512, 128, Grid(128, 128, 4, 1)),
        (512, 192, Grid(64, 64, 8, 3)),
        (512, 100, Grid(512, 100, 1, 1)),
        (100, 100, Grid(100, 100, 1, 1)),
        (100, 150, Grid(100, 150, 1, 1)),
    ],
)
def test_windows_share_blocks_where_these_are_long_enough(length, hop, grid):
    assert Sliding(length, hop, 1000).blocks() == grid
