"""Motor units in the tidy table: every unit's values, the pool's, and the reason where none is."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc.cli import main
from emgproc.errors import ParameterError, PlanError
from emgproc.motor_units import DecompositionSettings, decompose, describe_trains
from emgproc.plan import MotorUnitSettings, extract, extract_file, load_plan, plan_from_text
from emgproc.plan import large as plan_large
from emgproc.plan.motor_units import FLAG, motor_unit_values
from emgproc.readers import open_recording
from emgproc.recording import Event, Recording
from emgproc.simulate import grid
from emgproc.writers import write_recording

GRID = Path(__file__).parents[2] / "pipelines" / "grid.toml"
HEAD = 'schema = 1\nname = "t"\n'
RMS = '[[feature]]\nname = "rms"\n'
UNITS = "[motor_units]\n"


def of(values):
    return {(value.channel, value.name): value for value in values}


@pytest.fixture(scope="module")
def simulated():
    """Eight seconds of a few units of an infant; the middle is labelled held, the end rest."""
    contraction = grid.Contraction(level=0.05, shape="trapezoid", rise_s=1.0)
    settings = grid.GridSettings(contraction=contraction, duration_s=8.0)
    recording, _ = grid.simulate_grid(settings, seed=1)
    events = (Event(1.5, 5.0, "steady"), Event(1.0, 4.0, "state/3"), Event(2.0, 1.0, "cry"))
    return replace(recording, events=events)


@pytest.fixture(scope="module")
def measured(simulated):
    settings = MotorUnitSettings(force="force")
    return decompose(simulated), motor_unit_values(simulated, settings)


def test_every_unit_has_its_values_under_its_name(simulated, measured):
    found, values = measured
    assert len(found) >= 2
    assert {value.channel for value in values} == {"", *(unit.name for unit in found.units)}
    assert all(FLAG in value.flags for value in values)
    assert all(math.isfinite(value.value) != bool(value.reason) for value in values)
    assert len(of(values)) == len(values)
    told = of(values)
    for unit in found.units:
        assert told[unit.name, "mean_rate"].value == unit.rate_pps
        assert told[unit.name, "covisi"].value == unit.covisi
        assert (told[unit.name, "sil"].value, told[unit.name, "sil"].unit) == (unit.sil, "1")
        assert told[unit.name, "pnr"].unit == "dB"
        assert told[unit.name, "recruitment_threshold"].unit == "%MVC"
        assert told[unit.name, "muap_amplitude_monopolar"].value == pytest.approx(
            np.ptp(unit.muap_uv, axis=1).max(), rel=1e-6
        )
        assert told[unit.name, "doublets"].reason == "intervals_not_resolved"
    names = {unit: {v.name for v in values if v.channel == unit} for unit in ("MU1", "MU2")}
    assert names["MU1"] == names["MU2"]


def test_the_pool_is_told_by_median_and_quartiles_of_its_units(measured):
    found, values = measured
    told = of(values)
    rates = [unit.rate_pps for unit in found.units]
    assert told["", "n_units"].value == len(found)
    assert told["", "n_rejected_units"].value == len(found.rejected)
    assert told["", "mean_rate_median"].value == np.median(rates)
    assert told["", "mean_rate_median"].n == len(rates)
    spread = told["", "mean_rate_iqr"]
    if len(rates) < 4:
        assert spread.reason == "too_few_units"
    else:
        assert spread.value == np.subtract(*np.percentile(rates, (75, 25)))
    assert told["", "doublets_median"].reason == "intervals_not_resolved"


def test_labels_of_the_recording_say_what_was_held_and_what_was_rest(simulated, measured):
    found, values = measured
    told = of(values)
    fs, n = simulated.fs, simulated.n_samples
    held = tuple(round(s * fs) for s in (1.5, 6.5))
    rest = [tuple(round(s * fs) for s in span) for span in ((1.0, 2.0), (3.0, 5.0))]
    expected = describe_trains(found.discharges, fs, n, seed=1, steady=held, rest=rest)
    for value in expected:
        if value.name in {"rhythmic_share", "train_coherence_alpha", "common_drive_index"}:
            assert told["", value.name].reason == value.reason
            assert repr(told["", value.name].value) == repr(value.value)
    assert told["MU1", "steady_rate"].reason != "no_steady_span"
    bare = of(motor_unit_values(replace(simulated, events=()), MotorUnitSettings()))
    assert bare["", "rhythmic_share"].reason == "no_rest"
    assert bare["", "train_coherence_alpha"].reason == "no_steady_span"
    assert bare["MU1", "recruitment_threshold"].reason == "no_force"


def noise(seconds=6.0, n=16, fs=2048.0):
    return Recording.from_array(np.random.default_rng(1).normal(size=(n, int(seconds * fs))), fs)


@pytest.mark.parametrize(
    ("recording", "settings", "reason"),
    [
        (noise(), {}, "no_unit"),
        (noise(n=4), {}, "too_few_channels"),
        (noise(2.0), {}, "too_short"),
        (noise(), {"most_s": 5.0}, "recording_too_long"),
        (noise(60.0, fs=60.0), {}, "fs_too_low"),
    ],
)
def test_without_units_every_value_of_the_pool_has_the_reason(
    measured, recording, settings, reason
):
    values = motor_unit_values(recording, MotorUnitSettings(**settings))
    assert {value.reason for value in values} == {reason}
    _, with_units = measured
    assert [v.name for v in values] == [v.name for v in with_units if not v.channel]
    assert all(FLAG in value.flags and math.isnan(value.value) for value in values)


def test_potentials_need_a_grid_of_monopolar_channels(simulated):
    plain = replace(
        simulated, grid=None, channels=tuple(replace(c, place=None) for c in simulated.channels)
    )
    told = of(motor_unit_values(plain, MotorUnitSettings()))
    assert told["MU1", "muap_velocity"].reason == "no_grid"
    assert told["", "muap_velocity_median"].reason == "no_grid"
    bipolar = tuple(replace(c, reference="single_differential") for c in simulated.channels)
    told = of(motor_unit_values(replace(simulated, channels=bipolar), MotorUnitSettings()))
    assert told["MU1", "muap_amplitude_monopolar"].reason == "not_monopolar"


def test_the_table_of_motor_units_is_checked_like_the_others():
    plan = plan_from_text(
        HEAD + RMS + UNITS + 'seed = 3\nrest = ["state/1"]\n'
        "[motor_units.decomposition]\nleast_sil = 0.88\n"
    )
    assert plan.motor_units == MotorUnitSettings(
        seed=3, rest=("state/1",), decomposition=DecompositionSettings(least_sil=0.88)
    )
    wrong = (
        UNITS + 'sed = 3\n[motor_units.decomposition]\nleast_sil = 2.0\n', UNITS + "seed = -1\n",
        "[[motor_units]]\nseed = 1\n", UNITS + "[motor_units.decomposition]\nleast_sill = 0.9\n",
    )  # fmt: skip
    told = []
    for text in wrong:
        with pytest.raises(PlanError) as caught:
            plan_from_text(HEAD + RMS + text, "p.toml")
        told.append("\n".join(caught.value.problems))
    assert "motor_units.sed: unknown key; did you mean 'seed'?" in told[0]
    assert "motor_units: a seed is 0 or more" in told[1]
    assert "motor_units: must be a table written [motor_units]" in told[2]
    assert "decomposition.least_sill: unknown key; did you mean 'least_sil'?" in told[3]
    with pytest.raises(PlanError, match="no potentials left after Rectify"):
        plan_from_text(HEAD + '[[step]]\nname = "rectify"\n' + RMS + UNITS)
    with pytest.raises(ParameterError, match="most_s"):
        MotorUnitSettings(most_s=math.inf)


def test_all_that_moves_motor_units_changes_the_digest_and_only_where_they_are_asked_for():
    plain = plan_from_text(HEAD + RMS)
    assert "motor" not in plain.canonical().lower()
    texts = [
        UNITS, UNITS + "seed = 2\n", UNITS + 'steady = "recording"\n',
        UNITS + "[motor_units.decomposition]\nleast_sil = 0.88\n",
    ]  # fmt: skip
    plans = [plan_from_text(HEAD + RMS + text) for text in texts]
    assert len({plan.digest for plan in (plain, *plans)}) == 5
    assert "version motor_units 2" in plans[0].canonical()


def test_the_shipped_plan_for_grids_finds_units_and_streams_what_is_too_long(
    simulated, tmp_path, monkeypatch
):
    path = tmp_path / "grid.h5"
    write_recording(simulated, path)
    tables = []
    for jobs in ("1", "2"):
        table = tmp_path / f"t{jobs}.tsv"
        arguments = ["features", str(path), "--plan", str(GRID), "-o", str(table), "--jobs", jobs]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        assert "motor units of 1 recording: about" in done.stderr
        tables.append(table.read_bytes())
    assert tables[0] == tables[1]
    rows = [line.split("\t") for line in tables[0].decode().splitlines()]
    assert [row for row in rows if row[1:3] == ["MU1", "mean_rate"]]
    assert [row for row in rows if row[2] == "n_units" and float(row[4]) >= 2]
    plan = load_plan(GRID)
    assert not plan_large.whole_needed(plan, [], plan.motor_units.most_s + 1)
    assert "motor units" in plan_large.whole_needed(plan, [], plan.motor_units.most_s)[0]
    short = replace(plan, motor_units=replace(plan.motor_units, most_s=1.0))
    with open_recording(path) as opened:
        whole = extract(short.apply(opened.read()), short)
        monkeypatch.setattr(plan_large, "STREAM_ABOVE", 0)
        assert repr(extract_file(opened, short).values) == repr(whole.values)
