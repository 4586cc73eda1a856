"""The review page of motor units: what it says, and the curation that it makes in a browser."""

import shutil
from dataclasses import fields, replace

import numpy as np
import pytest

from emgproc.motor_units import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.motor_units.curation import apply_curation
from emgproc.motor_units.curation_desk import Decision
from emgproc.motor_units.curation_model import (
    Curation,
    LabelDefinition,
    ManualLabel,
    Merge,
    curation_from_json,
)
from emgproc.motor_units.needle_model import Confidence, NeedleUnit
from emgproc.motor_units.record import UnitsRecord
from emgproc.recording import Grid
from emgproc.report.motor_unit_page import review_text, write_review

FS, N = 1000.0, 8000


def unit(name, seed, *, reason=""):
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.integers(80, 120, 60))
    muap = (20 * np.hanning(51) * np.ones((4, 1))).astype(np.float32)
    blank = np.zeros((2, 4), np.float32)
    trained = Trained(blank, blank, 1.0, 0.7, np.ascontiguousarray(muap.T))
    told = {"rejected_because": reason} if reason else {"accepted_because": "SIL 0.950 >= 0.9"}
    return MotorUnit(name, at[at < N], 0.95, 25.0, 0.12, 10.0, muap, trained, **told)


@pytest.fixture(scope="module")
def record():
    """Two units and a rejected one on a grid of 2 × 2, with pulses of the first."""
    units = MotorUnits(
        units=(unit("MU1", 1), unit("MU2", 2)),
        rejected=(unit("MU3", 3, reason="low_sil: 0.700 < 0.9"),),
        verdict="",
        fs=FS,
        channels=("a", "b", "c", "d"),
        left_out=(("e<1>", "dead"),),
        muap_centre=25,
        settings=DecompositionSettings(),
        seed=1,
        n_delays=2,
        least_peak_uv=7.4,
    )
    pulses = np.full(N, 0.01, np.float32)
    pulses[units.units[0].discharges] = 1.0
    none = np.empty(0, np.float32)
    places = ((0, 0), (0, 1), (1, 0), (1, 1))
    return UnitsRecord(
        units, N, "ab" * 32, synthetic=True, grid=Grid(2, 2, 4.0), places=places,
        pulse_trains=(pulses, none, none), versions=(("emgproc", "0.1.0"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def text(record):
    return review_text(record, "visit <1>")


def test_the_page_says_what_was_found_and_why(text):
    assert "2 motor units accepted, 1 rejected." in text
    assert "low_sil: 0.700 &lt; 0.9" in text
    assert "SIL 0.950 &gt;= 0.9" in text
    assert "e&lt;1&gt; (dead)" in text
    assert "peaks below about 7 µV on the grid" in text
    assert "SYNTHETIC DATA" in text
    assert "Motor units: visit &lt;1&gt;" in text


def test_every_unit_has_its_figures_and_what_is_missing_is_said(text):
    assert text.count("<svg") == 2 + 1 + 3 + 3  # raster, rates; pulses; intervals; potentials
    assert text.count("The pulse train was not kept.") == 2
    assert text.count("accept all the same") == 1


def test_the_same_units_give_the_same_page(record, text, tmp_path):
    page = write_review(record, tmp_path / "p.html", "visit <1>")
    assert page.read_bytes() == text.encode()


def test_a_verdict_without_units_is_a_page(record):
    none = replace(record.units, units=(), rejected=(), verdict="too_short: 2 s of signal")
    page = review_text(replace(record, units=none, pulse_trains=(), synthetic=False))
    assert "No motor units: too_short: 2 s of signal" in page
    assert "<svg" not in page
    assert "SYNTHETIC" not in page


def test_without_a_grid_potentials_are_drawn_by_channel_and_confidence_is_told(record):
    plain = record.units.units[0]
    held = {field.name: getattr(plain, field.name) for field in fields(plain)}
    needle = NeedleUnit(**held, confidence=Confidence(12.0, 21.6, 5.0, 0.0, 0.1, 0.02, 0.03))
    one = replace(record.units, units=(needle,), rejected=())
    page = review_text(replace(record, units=one, pulse_trains=(), grid=None, places=()))
    assert page.count("<svg") == 4
    assert "Confidence: peak sd 12, snr db 21.6, separation sd 5, violations 0," in page


def test_curations_stand_on_the_page_with_numbers_before_and_after(record):
    quality = LabelDefinition(label_options=("good", "noise"), exclusive=True)
    curation = Curation(
        unit_ids=("MU1", "MU2"),
        label_definitions={"quality": quality},
        manual_labels=(ManualLabel(unit_id="MU1", labels={"quality": ("good",)}),),
        removed=("MU2",),
    )
    said = Decision("JS", "2026-11-26", "crosstalk & noise")
    done = apply_curation(record, curation, original=b"", said=said)
    kept = replace(done.units, units=done.units.units[:1], rejected=())
    page = review_text(replace(done, units=kept, pulse_trains=()))
    assert "<strong>JS</strong>, 2026-11-26: crosstalk &amp; noise" in page
    assert "0.950 → 0.950" in page
    assert "quality: good" in page


def test_a_browser_makes_a_curation_that_is_read(record, text, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a browser: Debian's package chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    (tmp_path / "p.html").write_text(text, encoding="utf-8")
    asked, failed = [], []
    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: failed.append(str(error)))
        tab.on("console", lambda line: failed.append(line.text))
        tab.goto((tmp_path / "p.html").as_uri())
        width = tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        tab.locator("[data-unit=MU2] .merge").fill("MU1")
        tab.locator("[data-unit=MU2] .quality").select_option("good")
        tab.locator("[data-unit=MU3] .accept").check()
        tab.fill("#by", "JS")
        tab.fill("#why", "one unit")
        with tab.expect_download() as download:
            tab.click("#save")
        download.value.save_as(tmp_path / "c.json")
        browser.close()
    assert [url for url in asked if not url.startswith("blob:")] == [
        (tmp_path / "p.html").as_uri()
    ]
    assert failed == []
    assert width
    found = curation_from_json((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert found.merges == (Merge(unit_ids=("MU2", "MU1")),)
    assert found.manual_labels == (ManualLabel(unit_id="MU2", labels={"quality": ("good",)}),)
    assert (found.emgproc.accepted, found.emgproc.by) == (("MU3",), "JS")
    assert found.emgproc.at
    done = apply_curation(record, found, original=b"")
    assert [one.name for one in done.every_unit] == ["MU3", "MU2-MU1"]
