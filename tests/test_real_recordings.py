"""`emgproc features` on real recordings against an independent NumPy and SciPy computation.

Nothing of emgproc but the command line is used here: wfdb and numpy.loadtxt read the files,
SciPy designs and filters, NumPy computes.
"""

import csv
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import signal, stats

from emgproc.cli import main

FEATURES = (
    "iemg", "arv", "rms", "variance", "log_detector", "wl", "aac", "dasdv", "zc", "ssc", "wamp",
    "hjorth_activity", "hjorth_mobility", "hjorth_complexity", "kurtosis", "skewness", "apdf10",
    "apdf50", "apdf90", "mnf", "mdf", "finsm5", "band_power", "spectral_entropy", "ar4_a1",
    "ar4_a2", "ar4_a3", "ar4_a4", "dfa",
)  # fmt: skip


def plan_text(source="", features=FEATURES):
    listed = "".join(f'[[feature]]\nname = "{name}"\n' for name in features)
    return (
        f'schema = 1\nname = "test"\n{source}\n'
        f'[[step]]\nname = "bandpass"\nlow_hz = 20\nhigh_hz = 450\n{listed}'
    )


def features_table(tmp_path, files, source="", features=FEATURES):
    """Rows of the table that the command writes, and its exit code."""
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text(source, features), encoding="utf-8")
    table = tmp_path / "table.tsv"
    arguments = ["features", *map(str, files), "--plan", str(plan), "-o", str(table)]
    done = CliRunner().invoke(main, arguments)
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t")), done.exit_code


def band_passed(x, fs):
    """Butterworth 20–450 Hz, order 2 per pass, forward and backward, −3 dB at both edges."""
    q = (math.sqrt(2) - 1) ** 0.25
    low = math.atan(q * math.tan(math.pi * 20 / fs)) * fs / math.pi
    top = 450 if fs >= 1200 else 0.4 * fs
    high = math.atan(math.tan(math.pi * top / fs) / q) * fs / math.pi
    sections = [
        signal.butter(2, low, "highpass", fs=fs, output="sos"),
        signal.butter(2, high, "lowpass", fs=fs, output="sos"),
    ]
    return signal.sosfiltfilt(np.vstack(sections), x)


def burg(x, order):
    """Burg's recursion written out sample by sample vectors; a[0] = 1."""
    forward, backward, a = x[1:].copy(), x[:-1].copy(), np.array([1.0])
    for _ in range(order):
        k = -2 * (forward @ backward) / (forward @ forward + backward @ backward)
        padded = np.append(a, 0.0)
        a = padded + k * padded[::-1]
        forward, backward = (forward + k * backward)[1:], (backward + k * forward)[:-1]
    return a


def dfa(x):
    walk, sizes, size = np.cumsum(x - x.mean()), [], 4.0
    while size <= len(x) // 10:
        if int(size) not in sizes:
            sizes.append(int(size))
        size *= 1.2
    spread = []
    for n in sizes:
        squares = []
        for k in range(len(walk) // n):
            box = walk[k * n : (k + 1) * n]
            line = np.polyval(np.polyfit(np.arange(n) - n / 2, box, 1), np.arange(n) - n / 2)
            squares.append(np.mean((box - line) ** 2))
        spread.append(np.sqrt(np.mean(squares)))
    return np.polyfit(np.log(sizes), np.log(spread), 1)[0]


def expected(x, fs):
    """Every feature of one band-passed channel, straight from its formula."""
    x = x - x.mean()
    d, n = np.diff(x), len(x)
    f, p = signal.welch(x, fs, "hann", nperseg=round(0.5 * fs), detrend="constant")
    f, p = f[1:], p[1:]
    cumulated = np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(f))])
    low, band = (f >= 8) & (f <= 500), (f >= 20) & (f <= 450)
    hop = round(0.2 * fs)
    levels = np.sqrt(np.mean(x[: n // hop * hop].reshape(-1, hop) ** 2, axis=1))
    mobility = np.sqrt(np.var(d) / np.var(x))
    share = p / p.sum()
    a = burg(x, 4)
    apart = {f"ar4_a{k}": a[k] for k in range(1, 5)}
    return {
        "iemg": np.sum(np.abs(x)) / fs,
        "arv": np.mean(np.abs(x)),
        "rms": np.sqrt(np.mean(x**2)),
        "variance": np.var(x),
        "log_detector": np.exp(np.mean(np.log(np.abs(x[x != 0])))),
        "wl": np.sum(np.abs(d)),
        "aac": np.sum(np.abs(d)) / (n - 1),
        "dasdv": np.sqrt(np.mean(d**2)),
        "zc": np.count_nonzero(x[1:] * x[:-1] < 0) * fs / (n - 1),
        "ssc": np.count_nonzero(d[1:] * d[:-1] < 0) * fs / (n - 2),
        "wamp": np.count_nonzero(np.abs(d) > 0) * fs / (n - 1),
        "hjorth_activity": np.var(x),
        "hjorth_mobility": mobility,
        "hjorth_complexity": np.sqrt(np.var(np.diff(d)) / np.var(d)) / mobility,
        "kurtosis": stats.kurtosis(x, fisher=False),
        "skewness": stats.skew(x),
        **{f"apdf{q}": np.percentile(levels, q) for q in (10, 50, 90)},
        "mnf": np.sum(f * p) / np.sum(p),
        "mdf": np.interp(cumulated[-1] / 2, cumulated, f),
        "finsm5": np.sum(p[low] / f[low]) / np.sum(p[low] * f[low] ** 5),
        "band_power": np.trapezoid(p[band], f[band]),
        "spectral_entropy": -np.sum(share * np.log(share)) / np.log(len(share)),
        **apart,
        "dfa": dfa(x),
    }


def assert_equal_to_independent(rows, signals, fs):
    """Each feature of each channel within 1e-9 of the largest value of that feature."""
    found = {(row["channel"], row["feature"]): row for row in rows}
    wanted = {name: expected(band_passed(x, fs), fs) for name, x in signals.items()}
    for feature in FEATURES:
        largest = max(abs(values[feature]) for values in wanted.values())
        for channel, values in wanted.items():
            row = found[channel, feature]
            assert row["reason"] in {"", "n/a"}
            value = float(row["value"])
            assert abs(value - values[feature]) <= 1e-9 * largest, (channel, feature)


# wfdb 4.3 still uses what pandas 3.1 has announced to drop.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("record", ["physionet-emgdb/emg_healthy", "physionet-emgdb/emg_myopathy"])
def test_wfdb_recordings_give_the_independent_values(real_data, tmp_path, record):
    import wfdb

    rows, code = features_table(tmp_path, [real_data / f"{record}.hea"])
    fields = wfdb.rdrecord(str(real_data / record))
    assert code == 0
    x = fields.p_signal[:, 0] * 1000  # stated in mV
    assert_equal_to_independent(rows, {"EMG": x}, fields.fs)


def test_the_emglab_recording_gives_the_independent_values(real_data, tmp_path):
    # Format 61 is big-endian int16, 500 units per mV; wfdb refuses the header's missing length.
    rows, code = features_table(tmp_path, [real_data / "emglab-r00108/R00108.hea"])
    assert code == 0
    raw = np.fromfile(real_data / "emglab-r00108/R00108.dat", ">i2").astype(float)
    channel = rows[0]["channel"]
    assert_equal_to_independent(rows, {channel: raw / 500 * 1000}, 10000.0)


def test_the_gait_recording_gives_the_independent_values(real_data, tmp_path):
    path = real_data / "gait-13muscles/ID0012_TW_01_emg.csv"
    rows, code = features_table(tmp_path, [path], '[source]\nunit = "uV"\n')
    assert code == 0
    names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    signals = {name: table[:, k] for k, name in enumerate(names) if name != "time"}
    assert len(signals) == 13
    assert_equal_to_independent(rows, signals, 1000.0)


def test_the_bmc_recording_gives_the_independent_values(real_data, tmp_path):
    path = real_data / "bmc-emg/emg.csv"
    source = '[source]\nunit = "mV"\ntime_column = 0\n'
    rows, code = features_table(tmp_path, [path], source)
    assert code == 0
    table = np.loadtxt(path, delimiter=",")
    channel = rows[0]["channel"]
    assert_equal_to_independent(rows, {channel: table[:, 1] * 1000}, 1000.0)


def test_the_delsys_recording_gives_the_independent_values(real_data, tmp_path):
    path = real_data / "delsys/truncated_trigno_sample.csv"
    rows, code = features_table(tmp_path, [path])
    assert code == 0
    table = np.genfromtxt(path, delimiter=",", skip_header=18)
    names = ["Mini sensor 10: EMG 10", "Mini sensor 11: EMG 11"]
    signals = {name: table[:, k] * 1e6 for name, k in zip(names, (1, 15), strict=True)}
    assert_equal_to_independent(rows, signals, 17 / 0.0135)


def test_sample_entropy_of_a_real_recording_is_that_of_a_slow_twin(real_data, tmp_path):
    path = real_data / "bmc-emg/emg.csv"
    source = '[source]\nunit = "mV"\ntime_column = 0\n'
    rows, _ = features_table(tmp_path, [path], source, features=("sample_entropy",))
    x = band_passed(np.loadtxt(path, delimiter=",")[:, 1] * 1000, 1000.0)
    r, n = 0.2 * np.std(x), len(x)
    counts = []
    for length in (2, 3):
        templates = np.lib.stride_tricks.sliding_window_view(x, length)[: n - 2]
        near = sum(
            np.count_nonzero(np.max(np.abs(templates[i + 1 :] - t), axis=1) <= r)
            for i, t in enumerate(templates)
        )
        counts.append(near)
    value = next(float(row["value"]) for row in rows if row["feature"] == "sample_entropy")
    np.testing.assert_allclose(value, math.log(counts[0] / counts[1]), rtol=1e-9)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("edf/short_psg.edf", "fs_too_low"),
        ("plux-opensignals/emg_bursts.h5", "unknown_unit"),
        ("plux-opensignals/emg_fatigue.h5", "unknown_unit"),
        ("tmsi-poly5-SYNTHETIC/vent_data_synth_quiet_breathing.Poly5", "unknown_unit"),
    ],
)
def test_a_recording_that_cannot_be_used_is_one_row_with_its_reason(
    real_data, tmp_path, file, reason
):
    rows, code = features_table(tmp_path, [real_data / file])
    assert code == 1
    assert [row["reason"] for row in rows] == [reason]
    assert rows[0]["source"] == file.rsplit("/", maxsplit=1)[-1]
