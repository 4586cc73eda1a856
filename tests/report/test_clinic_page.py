"""The page of a needle or stimulation recording: the values of the table, its figures, reasons."""

import math
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc.batch.worker import read_measured
from emgproc.cli import main
from emgproc.errors import ParameterError, UnsupportedFormatError
from emgproc.features.result import FeatureValue
from emgproc.needle import Rest, SpontaneousTrain
from emgproc.needle.spontaneous_rhythm import Rhythm
from emgproc.plan import extract, extract_scan, load_plan, plan_from_text
from emgproc.plan.needle import needle_found
from emgproc.readers import CmapScan
from emgproc.recording import Event, Recording
from emgproc.report.clinic_page import clinic_text, write_clinic
from emgproc.report.clinic_wording import REASONS, called, number, reason_words, shown
from emgproc.report.spontaneous_figures import train_raster
from emgproc.simulate import needle
from emgproc.simulate import stimulation as made
from emgproc.writers import write_recording

HEAD = 'schema = 1\nname = "t"\n'
WINDOWS = "f_window_s = [0.012, 0.05]\nm_window_s = [0.001, 0.012]\nh_window_s = [0.013, 0.04]\n"
NERVE = made.plain_nerve([100.0] * 30)
MAKE = {
    "cmap": lambda: made.simulate_cmap(NERVE, seed=1),
    "repetitive": lambda: made.simulate_repetitive(NERVE, seed=1),
    "f_wave": lambda: made.simulate_f_waves(made.healthy_nerve(1), seed=1),
    "h_reflex": lambda: made.simulate_h_reflex(made.healthy_nerve(1), seed=1),
    "scan": lambda: made.simulate_scan(made.plain_nerve([90.0, 120.0]), seed=1, n_scan=60),
    "mune_incremental": lambda: made.simulate_incremental(NERVE, seed=1),
    "munix": lambda: made.simulate_sip(made.healthy_nerve(1), seed=1),
}
FIGURES = dict.fromkeys(MAKE, 1) | {"munix": 2}


def needle_plan(**settings):
    told = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return plan_from_text(f"{HEAD}[needle]\n{told}")


def stimulation_plan(protocol):
    return plan_from_text(f'{HEAD}[stimulation]\nprotocol = "{protocol}"\n{WINDOWS}')


def words(page):
    """What a reader sees: no figures, no marks."""
    body = re.sub(r"<(svg|style).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def check_told(page, values):
    """Every value stands on the page by its name: its number, or its reason in words."""
    seen = words(page)
    for value in values:
        told = reason_words(value.reason) if value.reason else shown(value)
        assert told in seen, value
    assert not re.search(r"\bnan\b", seen)


@pytest.fixture(scope="module")
def rest():
    return needle.simulate_needle(needle.SCENARIOS["rest_sma"], 1)[0]


@pytest.fixture(scope="module")
def effort():
    settings = replace(needle.SCENARIOS["effort_sma"], efforts=(0.02,), n_units=4, duration_s=6.0)
    return needle.simulate_needle(settings, 1)[0]


@pytest.fixture(scope="module")
def rest_page(rest):
    return clinic_text(rest, needle_plan(), "Anna.h5")


@pytest.fixture(scope="module")
def effort_page(effort):
    return clinic_text(effort, needle_plan())


def test_spontaneous_activity_has_the_values_of_the_table_its_trains_and_its_rule(rest, rest_page):
    found = needle_found(rest, 0, needle_plan().needle)
    check_told(rest_page, found.values)
    seen = words(rest_page)
    assert "1 EMG channel (concentric) · 25600 Hz · 10 s" in seen
    assert "8.7 s. Left out: 1.3 s while or just after the needle moved." in seen
    grade = found.at_rest.site.value("spontaneous_grade")
    assert f"Grade {grade.value:g}. Rule {grade.rule_id}" in seen
    trains = [train for train in found.at_rest.site.trains if train.times_s.size > 1]
    assert len(trains) > 2
    for train in trains:
        told = f"{train.kind.replace('_', ' ')} {train.times_s.size} "
        known = math.isfinite(train.rhythm.rate_hz)
        assert told + (number(train.rhythm.rate_hz) if known else "not measured") in seen
    assert "Not measured: no contraction is labelled." in seen
    assert "No motor units: no contraction is labelled." in seen
    assert rest_page.count("<svg") == 2


def test_effort_has_its_cloud_its_epoch_and_a_figure_of_each_unit(effort, effort_page):
    values = extract(effort, needle_plan()).values
    check_told(effort_page, values)
    names = {v.channel for v in values if "/" in v.channel}
    assert names
    assert effort_page.count("<svg") == 2 + len(names)
    seen = words(effort_page)
    assert all(f"All values of {name}" in seen for name in names)
    assert "Not judged: no part of the recording is labelled as rest." in seen
    assert "not measured: there is no cloud of healthy muscle" in seen


@pytest.mark.parametrize("protocol", MAKE)
def test_each_protocol_has_the_values_of_the_table_and_its_figures(protocol):
    recording, plan = MAKE[protocol]()[0], stimulation_plan(protocol)
    page = clinic_text(recording, plan)
    check_told(page, extract(recording, plan).values)
    assert page.count("<svg") == FIGURES[protocol]


def test_a_protocol_without_stimuli_says_so_in_words():
    recording = replace(MAKE["cmap"]()[0], events=())
    seen = words(clinic_text(recording, stimulation_plan("cmap")))
    assert "Not measured: the recording holds no stimulus." in seen
    labelled = words(clinic_text(recording, stimulation_plan("labelled")))
    assert "Not measured: no label tells what the stimuli were given for." in labelled


def test_a_stimulus_that_was_masked_is_left_out_with_its_time_and_reason():
    recording = MAKE["cmap"]()[0]
    second = sorted(e.onset_s for e in recording.events if e.label.startswith("stim/"))[1]
    mask = Event(second + 0.01, 0.01, "bad_movement")
    seen = words(
        clinic_text(replace(recording, events=(*recording.events, mask)), stimulation_plan("cmap"))
    )
    assert f"2 stimuli used, 15 mA. Left out: at {second:.2f} s (masked as" in re.sub(
        r"used, [\d.]+ mA", "used, 15 mA", seen
    )
    assert "bad_movement all 1 0.01" in seen


def test_the_page_is_the_same_again_and_holds_no_script_and_nothing_from_elsewhere(
    effort, effort_page
):
    asked = effort, needle_plan(slight="[]"), "Anna.h5"
    assert clinic_text(*asked) == clinic_text(*asked)
    for page in (clinic_text(*asked), effort_page):
        assert "<script" not in page
        assert not re.search(r'(src|href)="(?!#)', page)


def test_what_is_simulated_says_so_first_and_what_is_not_does_not(rest_page):
    assert "<title>SYNTHETIC – Anna.h5" in rest_page
    assert rest_page.index("SYNTHETIC DATA") < rest_page.index("<h1>")
    noise = np.random.default_rng(1).normal(0.0, 5.0, (1, 120_000))
    own = Recording.from_array(noise, 20_000.0, channels=["N"])
    assert "SYNTHETIC" not in clinic_text(own, needle_plan(slight="[]"))


def test_free_text_of_a_recording_is_neither_shown_nor_taken_as_html(effort):
    events = (*effort.events, Event(0.0, 8.0, "Anna <b>"))
    page = clinic_text(replace(effort, events=events), needle_plan(slight="[]"), "<i>.h5")
    assert "Anna" not in page
    assert "<i>" not in page
    assert "&lt;i&gt;.h5" in page


def test_a_plan_of_neither_is_refused(rest, tmp_path):
    plan = plan_from_text(f'{HEAD}[[feature]]\nname = "rms"\n')
    with pytest.raises(ParameterError, match=r"neither \[needle\] nor \[stimulation\]"):
        write_clinic(rest, plan, tmp_path / "a.html")
    assert not [*tmp_path.iterdir()]


def test_names_units_and_reasons_are_words():
    assert shown(FeatureValue("x", "mV*ms", "", -1234.5, 1)) == "−1234 mV·ms"
    assert shown(FeatureValue("x", "1", "", math.nan, 0, (), "no_unit")) == "–"
    assert shown(FeatureValue("cmap_absent", "1", "", 1.0, 3)) == "yes"
    assert called("muap_median_frequency") == "median frequency"
    assert not [reason for reason in REASONS.values() if "_" in reason.replace("most_s", "")]


def test_many_trains_share_the_last_row_of_the_raster():
    x, whole = np.zeros(100), Rest(((0, 50),), 10.0)
    train = SpontaneousTrain(
        "fibrillation", "", np.array([1.0]), Rhythm(0, np.nan, np.nan, np.nan), None
    )
    none, few, full, more = (train_raster(x, whole, [train] * n) for n in (0, 2, 24, 40))
    height = [re.search(r'height="([\d.]+)pt"', one)[1] for one in (none, few, full, more)]
    assert height[2] == height[3]
    assert len(set(height)) == 3
    assert "<!-- others -->" in more
    assert "<!-- others -->" not in full


def test_a_scan_that_a_machine_measured_has_its_figure_and_values():
    ma = np.r_[[20.0] * 12, np.linspace(20, 5, 60), [5.0] * 12]
    rng = np.random.default_rng(3)
    mv = 0.8 * (ma > 9) + 0.4 * (ma > 13) + rng.normal(0, 0.004, ma.size)
    scan, plan = CmapScan("a.MEM", ma, mv, (11, 73), site="APB"), stimulation_plan("scan")
    page = clinic_text(scan, plan, "a.MEM")
    check_told(page, extract_scan(scan, plan).values)
    assert page.count("<svg") == 1
    assert "CMAP scan of 84 responses that a machine measured" in words(page)
    with pytest.raises(UnsupportedFormatError):
        clinic_text(scan, stimulation_plan("cmap"))


def test_an_absent_response_is_called_an_upper_limit_where_its_number_first_stands():
    seen = words(
        clinic_text(made.simulate_cmap(made.absent_nerve(), seed=1)[0], stimulation_plan("cmap"))
    )
    assert "CMAP amplitude 0.05 mV (there is no response, an upper limit)" in seen


def call(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_the_command_writes_the_page_of_a_recording_and_refuses_what_has_none(tmp_path):
    folder = tmp_path / "Schmidt"
    folder.mkdir()
    recording, page = folder / "r.h5", tmp_path / "p.html"
    write_recording(MAKE["cmap"]()[0], recording)
    pipelines = Path(__file__).parents[2] / "pipelines"
    asked = ("review", recording, "--plan", pipelines / "stimulation.toml")
    done = call(*asked, "-o", page)
    assert done.exit_code == 0, done.output
    assert done.stderr.endswith("Done: p.html shows r.h5.\n")
    seen = page.read_text(encoding="utf-8")
    assert "<h1>r.h5</h1>" in seen
    assert "Schmidt" not in seen
    assert "SYNTHETIC DATA" in seen
    beside = "onset\tduration\ttrial_type\n0.0\t0.01\tartefact\n"
    (folder / "s_emg.h5").write_bytes(recording.read_bytes())
    (folder / "s_events.tsv").write_text(beside, encoding="utf-8")
    events = read_measured(folder / "s_emg.h5", load_plan(pipelines / "stimulation.toml")).events
    assert "artefact" in {event.label for event in events}
    other = tmp_path / "rms.toml"
    other.write_text(f'{HEAD}[[feature]]\nname = "rms"\n', encoding="utf-8")
    done = call("review", recording, "--plan", other, "-o", tmp_path / "q.html")
    assert done.exit_code == 2
    assert "neither [needle] nor [stimulation]" in done.stderr
    assert call(*asked).exit_code == 2
    assert call(*asked, recording, "-o", page).exit_code == 2
    assert call(*asked, "-o", tmp_path / "q.txt").exit_code == 2
    recording.write_bytes(recording.read_bytes()[:3000])
    done = call(*asked, "-o", tmp_path / "q.html")
    assert done.exit_code == 1
    assert "r.h5 cannot be reviewed" in done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"Schmidt", "p.html", "rms.toml"}
