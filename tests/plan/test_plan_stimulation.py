"""Nerve stimulation in the tidy table: each protocol's values, or why there are none."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc.cli import main
from emgproc.errors import ParameterError, PlanError, UnsupportedFormatError
from emgproc.plan import extract, extract_scan, load_plan, plan_from_text
from emgproc.plan.large import whole_needed
from emgproc.plan.stimulation import UNLABELLED, scan_values, stimulation_values
from emgproc.readers import CmapScan, read_cmap_scan
from emgproc.recording import Channel, Event, Recording
from emgproc.simulate import stimulation as made
from emgproc.stimulation import ResponseSettings, cmap, decrement, munix, responses, sweeps_of
from emgproc.stimulation.protocols import MEASURES, ProtocolSettings
from emgproc.writers import write_recording

PIPELINE = Path(__file__).parents[2] / "pipelines" / "stimulation.toml"
HEAD = 'schema = 1\nname = "t"\n'
WINDOWS = {
    "f_window_s": (0.012, 0.05), "m_window_s": (0.001, 0.012), "h_window_s": (0.013, 0.04),
}  # fmt: skip
PLAIN = made.plain_nerve([100.0] * 30)
FEW = made.plain_nerve([90.0, 120.0, 90.0])
MAKE = {
    "cmap": lambda: made.simulate_cmap(PLAIN, seed=1),
    "repetitive": lambda: made.simulate_repetitive(PLAIN, seed=1),
    "f_wave": lambda: made.simulate_f_waves(made.healthy_nerve(1), seed=1),
    "h_reflex": lambda: made.simulate_h_reflex(made.healthy_nerve(1), seed=1),
    "scan": lambda: made.simulate_scan(FEW, seed=1, n_scan=80),
    "mune_incremental": lambda: made.simulate_incremental(PLAIN, seed=1),
    "mune_multipoint": lambda: made.simulate_multipoint(PLAIN, seed=1),
    "munix": lambda: made.simulate_sip(made.healthy_nerve(1), seed=1),
}


@pytest.fixture(scope="module")
def recorded():
    """A short recording of each protocol, and its truth."""
    return {name: make() for name, make in MAKE.items()}


def asked(protocol, **more):
    return ProtocolSettings(protocol=protocol, **(WINDOWS | more))


def told(recording, protocol, **more):
    return {v.name: v for v in stimulation_values(recording, asked(protocol, **more))}


@pytest.mark.parametrize("protocol", MAKE)
def test_every_protocol_has_all_its_names_on_its_channel(recorded, protocol):
    values = stimulation_values(recorded[protocol][0], asked(protocol))
    assert [v.name for v in values] == [*MEASURES[protocol], f"{protocol}_left_out"]
    assert {v.channel for v in values} == {"ADM_L"}
    assert [v.unit for v in values[:-1]] == list(MEASURES[protocol].values())
    assert all(math.isfinite(v.value) != bool(v.reason) for v in values)
    assert all(v.rule_id for v in values[:-1])
    missing = {v.name for v in values if v.reason}
    assert missing <= {"cmap_supramaximal_change"}


@pytest.mark.parametrize("protocol", MAKE)
@pytest.mark.parametrize("labelled", [False, True])
def test_without_stimuli_every_value_says_so(recorded, protocol, labelled):
    length_s = recorded[protocol][0].segments[-1].onset_s + 10.0
    mark = Event(0.0, length_s, f"protocol/{protocol}")
    bare = replace(recorded[protocol][0], events=(mark,))
    values = stimulation_values(bare, asked("labelled" if labelled else protocol))
    assert [v.name for v in values] == [*MEASURES[protocol], f"{protocol}_left_out"]
    assert {v.reason for v in values} == {"no_stimulus"}
    assert all(math.isnan(v.value) for v in values)


def test_values_are_those_of_the_functions_for_arrays(recorded):
    recording, truth = recorded["cmap"]
    sweeps = sweeps_of(recording, "ADM_L")
    found, values = cmap(sweeps.data, sweeps.fs, sweeps.before_s), told(recording, "cmap")
    assert values["cmap_amplitude"].value == found.amplitude_mv
    assert values["cmap_latency"].value == found.latency_ms
    assert (values["cmap_amplitude"].n, values["cmap_absent"].value) == (3, 0.0)
    assert values["cmap_amplitude"].value == pytest.approx(truth.response.amplitude_mv, rel=0.02)
    recording, truth = recorded["repetitive"]
    sweeps = sweeps_of(recording, "ADM_L")
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s)
    fall = decrement([one.amplitude_mv for one in each], [one.area_mv_ms for one in each])
    values = told(recording, "repetitive")
    assert values["decrement"].value == fall.decrement_percent
    assert values["decrement_area"].value == fall.area_percent
    assert values["decrement"].value == pytest.approx(truth.decrement_percent, abs=1.5)
    assert values["decrement"].flags == ("above_10_percent",)
    assert values["repetitive_rate"].value == pytest.approx(3.0, rel=1e-3)


def test_late_responses_are_near_the_truth(recorded):
    truth = recorded["f_wave"][1]
    values = told(recorded["f_wave"][0], "f_wave")
    assert values["f_persistence"].value == pytest.approx(truth.persistence, abs=0.1)
    assert values["f_minimal_latency"].value == pytest.approx(truth.minimal_latency_ms, abs=0.5)
    assert values["f_persistence"].n == 20 >= values["f_mean_latency"].n
    truth = recorded["h_reflex"][1]
    values = told(recorded["h_reflex"][0], "h_reflex")
    assert values["h_m_ratio"].value == pytest.approx(truth.ratio, abs=0.05)
    gone, _ = made.simulate_h_reflex(made.healthy_nerve(1), seed=1, excitability=0.0)
    values = told(gone, "h_reflex")
    assert (values["h_max"].value, values["h_max"].flags[-1]) == (0.0, "absent_reflex")
    assert values["h_latency"].reason == values["h_threshold"].reason == "absent_reflex"
    assert values["h_m_max"].value > 3


def test_a_scan_is_found_between_its_constant_stimuli_in_either_order(recorded):
    recording, truth = recorded["scan"]
    values = told(recording, "scan")
    assert values["scan_model_units"].value == 3 <= values["scan_stairs"].value
    assert values["scan_model_units"].rule_id == "scan_model_v1"
    assert (values["scan_d50"].value, values["scan_d50"].n) == (truth.d50, 80)
    assert values["scan_s50"].value == pytest.approx(truth.s50_ma, rel=0.03)
    assert values["scan_model_mean_size"].value == pytest.approx(100, rel=0.05)
    later = {e.label: e for e in recording.events}
    assert len(later) >= 80
    data = np.concatenate(
        [recording.data[:, s.start : s.stop] for s in recording.segments[::-1]], 1
    )
    marks = [e for e in recording.events if e.label.startswith("stim/")]
    events = tuple(
        replace(mark, label=other.label) for mark, other in zip(marks, marks[::-1], strict=True)
    )
    upwards = replace(recording, data=data, events=events)
    assert repr(told(upwards, "scan", model=False)["scan_s5"].value) == repr(
        values["scan_s5"].value
    )
    assert told(upwards, "scan", model=False)["scan_model_units"].reason == "not_asked_for"


def test_a_scan_without_constant_stimuli_needs_its_noise_stated(recorded):
    recording, _ = made.simulate_scan(FEW, seed=1, n_scan=80, n_constant=1)
    values = told(recording, "scan")
    blank = {name: v.reason for name, v in values.items() if v.reason}
    assert set(blank.values()) == {"no_noise"}
    assert "scan_d50" not in blank
    assert "scan_model_units" in blank
    stated = told(recording, "scan", noise_mv=0.003, model=False)
    assert stated["scan_stairs"].value == 3
    constant, _ = recorded["cmap"]
    assert told(constant, "scan")["scan_d50"].reason == "stimulus_constant"


def test_numbers_of_units_are_near_the_truth(recorded):
    assert told(recorded["mune_multipoint"][0], "mune_multipoint")[
        "mune_multipoint"
    ].value == pytest.approx(recorded["mune_multipoint"][1].mune, rel=0.06)
    values = told(recorded["mune_incremental"][0], "mune_incremental")
    assert values["mune_incremental"].value == pytest.approx(30, rel=0.35)
    assert values["mune_incremental_smup"].value == pytest.approx(100, rel=0.35)


def test_munix_is_that_of_the_epochs_under_efforts(recorded):
    recording, _ = recorded["munix"]
    sweeps = sweeps_of(recording, "ADM_L")
    flat = sweeps.data - sweeps.data[:, 200:380].mean(axis=1, keepdims=True)
    flat[:, 400:420] = 0.0
    epochs = np.array([recording.data[0, s.start : s.stop] for s in recording.segments[3:]])
    found = munix(flat.mean(axis=0), epochs - epochs.mean(axis=1, keepdims=True), recording.fs)
    values = told(recording, "munix")
    assert values["munix"].value == pytest.approx(found.munix, rel=1e-6)
    assert values["munix"].n == found.n_valid
    rest = replace(recording, events=[e for e in recording.events if e.label.startswith("stim/")])
    assert told(rest, "munix")["munix"].reason == "no_voluntary_activity"
    infant, _ = made.simulate_sip(FEW, seed=1)
    assert {told(infant, "munix")[name].reason for name in MEASURES["munix"]} == {"no_valid_sip"}


def test_an_absent_response_is_censored_at_the_limit():
    absent, _ = made.simulate_cmap(made.absent_nerve(), seed=1)
    values = told(absent, "cmap")
    amplitude = values["cmap_amplitude"]
    assert (amplitude.value, amplitude.flags) == (0.05, ("absent_response", "censored"))
    assert values["cmap_absent"].value == 1.0
    assert values["cmap_area"].reason == values["cmap_latency"].reason == "absent_response"
    scan, _ = made.simulate_scan(made.absent_nerve(), seed=1, n_scan=40)
    values = told(scan, "scan")
    assert values["scan_cmap_max"].flags[-1] == "censored"
    assert values["scan_d50"].reason == values["scan_model_units"].reason == "absent_response"


def joined(one, other):
    """One recording after the other, each under its label."""
    first, second = one[1], other[1]
    shift_s = first.segments[-1].onset_s + 5.0
    segments = [
        s._replace(start=s.start + first.n_samples, stop=s.stop + first.n_samples,
                   onset_s=s.onset_s + shift_s)
        for s in second.segments
    ]  # fmt: skip
    events = [replace(e, onset_s=e.onset_s + shift_s) for e in second.events]
    marks = (Event(0.0, shift_s - 1, f"protocol/{one[0]}"),
             Event(shift_s, 100.0, f"protocol/{other[0]}"))  # fmt: skip
    return replace(
        first, data=np.concatenate([first.data, second.data], 1),
        segments=(*first.segments, *segments), events=(*first.events, *events, *marks),
    )  # fmt: skip


def test_labels_tell_protocols_apart_and_without_one_nothing_is_measured(recorded):
    both = joined(
        ("cmap", recorded["cmap"][0]), ("mune_multipoint", recorded["mune_multipoint"][0])
    )
    values = told(both, "labelled")
    for protocol in ("cmap", "mune_multipoint"):
        alone = told(recorded[protocol][0], protocol)
        assert {name: repr(v.value) for name, v in alone.items()} == {
            name: repr(values[name].value) for name in alone
        }
    assert len(values) == len(MEASURES["cmap"]) + len(MEASURES["mune_multipoint"]) + 2
    (only,) = stimulation_values(recorded["cmap"][0], asked("labelled"))
    assert (only.name, only.reason) == ("stimulation_protocols", UNLABELLED)


def changed(recording, **fields):
    return replace(recording, **fields)


def without(recording, label):
    return [e for e in recording.events if not e.label.startswith(label)]


def relabelled(recording):
    return [replace(e, label="stim/x") if e.label.startswith("stim/") else e
            for e in recording.events]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "change", "more", "reason"),
    [
        ("f_wave", {}, {"f_window_s": (0.012, 0.09)}, "window_outside_sweep"),
        ("h_reflex", {}, {"h_window_s": (0.0005, 0.03)}, "window_outside_sweep"),
        ("cmap", {}, {"before_s": 0.005}, "no_baseline"),
        ("cmap", {}, {"before_s": 0.5}, "no_whole_sweep"),
        ("h_reflex", relabelled, {}, "no_stimulus_strength"),
        ("scan", relabelled, {}, "no_stimulus_strength"),
        ("mune_incremental", relabelled, {}, "no_stimulus_strength"),
        ("mune_multipoint", lambda r: without(r, "site/"), {}, "no_site"),
        ("mune_multipoint", lambda r: [*without(r, "site/"), Event(0, 99, "site/1")], {},
         "no_maximal_stimulus"),
        ("mune_incremental", lambda r: [e for e in r.events if e.label == r.events[-1].label], {},
         "no_graded_stimuli"),
        ("repetitive", lambda r: [*r.events, Event(1.4, 0.5, "bad_clip")], {}, "pulse_missing"),
        ("repetitive", lambda r: [*r.events[:4], *r.events[6:]], {}, "not_one_train"),
        ("repetitive", lambda r: r.events[:3], {}, "too_few_pulses"),
    ],
)  # fmt: skip
def test_what_is_missing_is_the_reason(recorded, protocol, change, more, reason):
    recording = recorded[protocol][0]
    recording = replace(recording, events=change(recording)) if change else recording
    values = told(recording, protocol, **more)
    assert values[next(iter(MEASURES[protocol]))].reason == reason


def test_a_labelled_recording_needs_its_window(recorded):
    recording = recorded["f_wave"][0]
    mark = Event(0.0, 100.0, "protocol/f_wave")
    values = stimulation_values(
        replace(recording, events=(*recording.events, mark)), ProtocolSettings(protocol="labelled")
    )
    assert {v.reason for v in values[:-1]} == {"no_window"}


def test_sweeps_left_out_are_counted_with_their_reasons(recorded):
    recording = recorded["cmap"][0]
    masked = replace(recording, events=(*recording.events, Event(2.0, 0.01, "bad_clip")))
    values = told(masked, "cmap")
    left_out = values["cmap_left_out"]
    assert (left_out.value, left_out.n, left_out.flags) == (1.0, 3, ("masked",))
    assert values["cmap_amplitude"].n == 2
    assert "few_traces" in values["cmap_amplitude"].flags


def test_an_inverted_export_gives_the_same_values_and_a_clipped_response_is_flagged(recorded):
    recording = recorded["cmap"][0]
    turned = replace(recording, data=-recording.data)
    assert repr(told(turned, "cmap", inverted=True)["cmap_area"].value) == repr(
        told(recording, "cmap")["cmap_area"].value
    )
    low = replace(recording.channels[0], range_uv=(float(recording.data.min()), 1e5))
    flags = told(replace(recording, channels=(low,)), "cmap")["cmap_amplitude"].flags
    assert "response_at_rail" in flags
    assert told(recording, "cmap")["cmap_amplitude"].flags == ()


def test_stimuli_of_one_channel_are_no_others(recorded):
    recording = recorded["cmap"][0]
    two = Recording(
        np.concatenate([recording.data, recording.data]), recording.fs,
        (recording.channels[0], Channel("APB_L", "EMG")), recording.provenance,
        recording.segments, tuple(replace(e, channel="APB_L") for e in recording.events),
    )  # fmt: skip
    values = {(v.channel, v.name): v for v in stimulation_values(two, asked("cmap"))}
    assert values["ADM_L", "cmap_amplitude"].reason == "no_stimulus"
    assert values["APB_L", "cmap_amplitude"].value > 2


def problems(text):
    with pytest.raises(PlanError) as caught:
        plan_from_text(HEAD + text, "p.toml")
    return "\n".join(caught.value.problems)


def test_the_table_is_checked_like_the_others():
    plan = plan_from_text(
        HEAD + '[stimulation]\nprotocol = "f_wave"\nf_window_s = [0.02, 0.05]\n'
        "[stimulation.response]\nblank_s = 0.002\n"
    )
    assert plan.stimulation == ProtocolSettings(
        protocol="f_wave", f_window_s=(0.02, 0.05), response=ResponseSettings(blank_s=0.002)
    )
    assert "protocol: Field required" in problems("[stimulation]\n")
    text = problems('[stimulation]\nprotocol = "cmapp"\nmodell = true\n')
    assert "'mune_multipoint'" in text
    assert "stimulation.modell: unknown key; did you mean 'model'?" in text
    assert "needs f_window_s" in problems('[stimulation]\nprotocol = "f_wave"\n')
    nested = '[stimulation]\nprotocol = "cmap"\n[stimulation.response]\nqqq = 1\n'
    assert "response.qqq: unknown key; known: baseline_s, blank_s" in problems(nested)
    rectified = '[[step]]\nname = "rectify"\n[stimulation]\nprotocol = "cmap"\n'
    assert "no potentials left after Rectify" in problems(rectified)
    assert "at least one [[feature]]" in problems("")
    assert "noise_mv beside it" in problems(
        '[stimulation]\nprotocol = "scan"\nnoise_relative = 0.1\n'
    )


@pytest.mark.parametrize(
    "wrong",
    [{"protocol": "x"}, {"before_s": -1.0}, {"epoch_s": 0.0}, {"noise_mv": -1.0},
     {"m_window_s": (0.02, 0.01)}, {"effort": ""}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ParameterError):
        ProtocolSettings(**({"protocol": "cmap"} | wrong))


def test_all_that_moves_values_changes_the_digest_and_only_where_they_are_asked_for():
    rms = HEAD + '[[feature]]\nname = "rms"\n'
    plain = plan_from_text(rms)
    assert "stimulation" not in plain.canonical().lower()
    tables = ['protocol = "cmap"\n', 'protocol = "scan"\n', 'protocol = "cmap"\ninverted = true\n',
              'protocol = "cmap"\n[stimulation.response]\nblank_s = 0.002\n']  # fmt: skip
    plans = [plan_from_text(rms + "[stimulation]\n" + table) for table in tables]
    assert len({plan.digest for plan in (plain, *plans)}) == 5
    assert "version stimulation 1" in plans[0].canonical()
    assert "responses to stimuli" in whole_needed(plans[0], [])[-1]


def test_the_shipped_plan_measures_recordings_from_files(recorded, tmp_path):
    path = tmp_path / "cmap.h5"
    write_recording(recorded["cmap"][0], path)
    tables = []
    for jobs in ("1", "2"):
        table = tmp_path / f"t{jobs}.tsv"
        arguments = ["features", str(path), "--plan", str(PIPELINE), "-o", str(table),
                     "--jobs", jobs]  # fmt: skip
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        tables.append(table.read_bytes())
    assert tables[0] == tables[1]
    rows = [line.split("\t") for line in tables[0].decode().splitlines()]
    (amplitude,) = [row for row in rows if row[1:3] == ["ADM_L", "cmap_amplitude"]]
    plan = load_plan(PIPELINE)
    same = {v.name: v for v in extract(plan.apply(recorded["cmap"][0]), plan).values}
    assert float(amplitude[4]) == same["cmap_amplitude"].value


@pytest.mark.parametrize("protocol", MAKE)
def test_the_shipped_plan_runs_for_every_protocol(recorded, protocol):
    text = PIPELINE.read_text(encoding="utf-8")
    for key in WINDOWS:
        text = text.replace(f"# {key} =", f"{key} =")
    text = text.replace('protocol = "cmap"', f'protocol = "{protocol}"')
    plan = plan_from_text(text.replace("model = true", "model = false"))
    values = extract(plan.apply(recorded[protocol][0]), plan).values
    first = next(iter(MEASURES[protocol]))
    assert math.isfinite(next(v.value for v in values if v.name == first))


def measured_scan(n=60):
    """A scan as a machine tells it: 30 equal units."""
    ma = np.concatenate([np.full(10, 12.0), np.linspace(12, 6, n), np.full(10, 6.0)])
    rng = np.random.default_rng(1)
    mv = 0.1 * np.clip(np.floor((ma - 6.5) * 6), 0, 30) + 0.003 * rng.standard_normal(ma.size)
    return CmapScan("scan.MEM", ma, mv, (9, n + 11), site="Median Wr-APB")


def test_a_scan_that_a_machine_measured_is_a_scan():
    values = {
        v.name: v for v in scan_values(measured_scan(), asked("scan", model=False, noise_mv=0.006))
    }
    assert list(values) == list(MEASURES["scan"])
    assert values["scan_stairs"].value == 30
    assert {v.channel for v in values.values()} == {"Median Wr-APB"}
    plan = plan_from_text(HEAD + '[stimulation]\nprotocol = "scan"\nmodel = false\n')
    found = extract_scan(measured_scan(), plan, "ab")
    assert (found.source, found.sha256, len(found.values)) == ("scan.MEM", "ab", len(values))
    other = plan_from_text(HEAD + '[stimulation]\nprotocol = "cmap"\n')
    with pytest.raises(UnsupportedFormatError, match=r'protocol = "scan"'):
        extract_scan(measured_scan(), other)


def test_real_scans_are_rows_of_the_table(real_data, tmp_path):
    file = real_data / "qtrac-cmapscan/MSCC00128A_OM2.MEM"
    plan, table = tmp_path / "scan.toml", tmp_path / "t.tsv"
    plan.write_text(HEAD + '[stimulation]\nprotocol = "scan"\nmodel = false\n', encoding="utf-8")
    done = CliRunner().invoke(main, ["features", str(file), "--plan", str(plan), "-o", str(table)])
    assert done.exit_code == 0, done.output
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
    told = {row[2]: row for row in rows}
    assert float(told["scan_d50"][4]) == pytest.approx(40, abs=1)
    assert told["scan_d50"][1] == read_cmap_scan(file).site
    cmaps = CliRunner().invoke(
        main, ["features", str(file), "--plan", str(PIPELINE), "-o", str(table)]
    )
    assert cmaps.exit_code == 1
    assert "no continuous signal" in table.read_text(encoding="utf-8")
