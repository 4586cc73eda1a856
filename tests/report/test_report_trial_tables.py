"""Tables of the sample study's report: every mishap found, said, handled as declared."""

import csv
import dataclasses
import io
import json
import math
import re
from html.parser import HTMLParser

import pytest

from emgproc.errors import ParameterError
from emgproc.outcome import analyse, outcome_tables
from emgproc.report import page
from emgproc.report.trial_table import Table, csv_text, exact, json_text
from emgproc.report.trial_tables import trial_tables, write_tables
from emgproc.study import VisitValue, load_study

NOISE = 4.0


def value_of(row, changes, feature):
    change = changes[row.participant_id, row.session_id]
    lost = feature == "tone_ms_uv2" and change is None
    power = NOISE + (8 * math.exp(change or 0.0)) ** 2 if feature == "tone_ms_uv2" else NOISE
    return VisitValue(
        row.participant_id, row.session_id, row.recording_id, row.channel, row.muscle, row.side,
        row.modality, feature, "uV^2", math.nan if lost else power, 60, ("noise_N1", "synthetic"),
        "clipped" if lost else "",
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(sample_signals):
    return load_study(sample_signals / "study")


@pytest.fixture(scope="module")
def values(study, sample_signals):
    """What the recordings would give if every one told its truth; sub-05's last is clipped."""
    text = (sample_signals / "study" / "truth" / "infants.tsv").read_text(encoding="utf-8")
    changes = {}
    for row in csv.DictReader(io.StringIO(text), delimiter="\t"):
        who = row["participant_id"]
        changes[who, "ses-baseline"] = 0.0
        for session, column in (("ses-post", "d_true_post"), ("ses-month3", "d_true_month3")):
            usable = row["died"] == "N" and (session == "ses-post" or row["usable_month3"] == "Y")
            changes[who, session] = float(row[column]) if usable else None
    return [
        value_of(row, changes, feature)
        for row in study.recordings
        if row.modality == "semg"
        for feature in ("tone_ms_uv2", "noise_power_uv2")
    ]


@pytest.fixture(scope="module")
def outcome(study, values):
    return analyse(study, values, [])


@pytest.fixture(scope="module")
def tables(outcome, study):
    return {table.id: table for table in trial_tables(outcome, study, [])}


def rows_of(table, **where):
    held = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [row for row in held if all(row[k] == v for k, v in where.items())]


def one(table, **where):
    (row,) = rows_of(table, **where)
    return row


def test_the_death_is_found_said_and_ranked_worst(tables):
    died = one(tables["T1"], step="died before EMG_M3")
    assert (died["MSC (treated)"], died["CTRL (control)"], died["all"]) == (0, 1, 1)
    assert died["who, and why"] == "sub-08: study day 26"
    row = one(tables["L7"], infant="sub-08")
    assert (row["what"], row["study day"]) == ("death", 26)
    assert row["declared strategy"] == "composite: worst ranks, an earlier death worse"
    assert one(tables["T4b"], infant="sub-08")["in the primary test"] is True
    assert one(tables["T10d"], infant="sub-08", endpoint="death of any cause")["days"] == 25


def test_the_clipped_recording_is_missing_data_and_no_zero(tables):
    assert one(tables["T1"], step="EMG_M3 missing or unusable")["all"] == 1
    row = one(tables["T4b"], infant="sub-05")
    assert row["D, ln units"] is None
    assert row["in the primary test"] is False
    assert "the amplifier was overdriven" in row["note"]
    told = one(tables["L7"], infant="sub-05")
    assert told["what"] == "missing"
    assert told["declared strategy"].startswith("missing data, no intercurrent event")
    assert len(rows_of(tables["L5"], infant="sub-05", what="pair not usable")) == 4


def test_the_late_visit_is_a_deviation_analysed_as_observed(tables):
    said = one(tables["L3"], infant="sub-03")["deviation"]
    assert said == "late: study day 148, window 107 to 135"
    assert one(tables["L4"], infant="sub-03", visit="EMG_M3")["status"] == "late"
    assert one(tables["L7"], infant="sub-03")["declared strategy"] == "as observed, flagged"
    assert one(tables["T4b"], infant="sub-03")["in the primary test"] is True


def test_the_other_therapy_is_named_and_stays_in_by_treatment_policy(tables):
    row = one(tables["L7"], infant="sub-06")
    assert (row["what"], row["in words"], row["study day"]) == (
        "other SMA therapy",
        "nusinersen",
        55,
    )
    assert row["declared strategy"].startswith("treatment policy")
    assert one(tables["T4b"], infant="sub-06")["note"] == "another SMA therapy before month 3"
    assert one(tables["T4b"], infant="sub-06")["in the primary test"] is True


def test_flow_adds_up(tables):
    assert one(tables["T1"], step="enrolled")["all"] == 10
    kept = one(tables["T1"], step="in the primary test")["all"]
    lost = one(tables["T1"], step="EMG_M3 missing or unusable")["all"]
    assert (kept, lost) == (9, 1)


def test_both_published_totals_stand_whichever_is_adopted(tables, outcome, study):
    held = [(r["where it stands"], r["together"], r["adopted"]) for r in rows_of(tables["T3c"])]
    assert held == [
        ("planned", 17.0, True), ("structured section", 17.0, True), ("summary", 9.0, False),
    ]  # fmt: skip
    dose = study.protocol.dose.model_copy(update={"levels": study.protocol.dose.summary_doses})
    protocol = study.protocol.model_copy(update={"dose": dose})
    switched = trial_tables(outcome, dataclasses.replace(study, protocol=protocol), [])
    table = next(t for t in switched if t.id == "T3c")
    held = [(r["where it stands"], r["together"], r["adopted"]) for r in rows_of(table)]
    assert held == [
        ("planned", 9.0, True), ("structured section", 17.0, False), ("summary", 9.0, True),
    ]  # fmt: skip
    totals = next(t for t in switched if t.id == "T3b")
    assert {(r["planned"], r["given"]) for r in rows_of(totals)} == {(9.0, 17.0)}


def test_a_visit_after_each_dose_has_its_tables_by_dose_and_by_infant(tables, study, values):
    assert "T7c" not in tables
    visits = [v.model_copy(update={"per_dose": v.id == "EMG_POST"}) for v in study.protocol.visits]
    protocol = study.protocol.model_copy(update={"visits": tuple(visits)})
    each = dataclasses.replace(study, protocol=protocol)
    made = {t.id: t for t in trial_tables(analyse(each, values, []), each, [])}
    first, _, last = rows_of(made["T7c"])
    assert (first["n treated"], first["n control"], first["shift, ln"]) == (0, 0, None)
    assert first["note"] == "no infant has a change at this visit"
    assert (last["dose"], last["n treated"], last["n control"]) == (3, 5, 4)
    shift = one(tables["T7"], quantity="shift between the arms")
    assert (last["shift, ln"], last["low"]) == (shift["value"], shift["low"])
    assert len(made["T7d"].rows) == 3 * 10
    died = one(made["T7d"], infant="sub-08", dose=3)
    assert "the infant died before this visit" in died["none because"]
    assert one(made["T7d"], infant="sub-01", dose=2)["change, ln units"] is None


def test_the_motor_response_has_its_table_and_is_not_called_tone(tables, outcome):
    (row,), arms = rows_of(tables["T7e"]), outcome.secondary.cmap.arms
    assert "tone" not in tables["T7e"].title
    assert (row["n treated"], row["n control"]) == (5, 4)
    assert (row["shift, ln"], row["nominal p"]) == (arms.shift_ln, arms.p_nominal)
    assert one(tables["T7f"], infant="sub-08")["none because"] == "died before the visit"
    assert one(tables["T7f"], infant="sub-01")["sites"] == 3
    row = one(tables["T7g"], infant="sub-01", nerve="peroneal")
    assert (row["muscle"], row["baseline, mV"], row["primary visit, mV"]) == (
        "tibialis anterior", 1.016, 1.525,
    )  # fmt: skip
    absent = one(tables["T7g"], infant="sub-08", nerve="ulnar")
    assert absent["note"] == "absent at baseline; no amplitude at the visit"


def test_the_primary_tells_its_count_its_smallest_p_and_the_level_it_attains(tables, outcome):
    table, primary = tables["T4"], outcome.primary
    assert one(table, quantity="exact two-sided p")["value"] == primary.count / primary.splits
    assert one(table, quantity="exact two-sided p")["note"] == "2/126 splits"
    assert one(table, quantity="smallest attainable p")["value"] == 2 / 126
    level = one(table, quantity="level the interval attains")["value"]
    assert level == pytest.approx(1 - 2 / 70)
    assert any("4 treated and 5 control" in line for line in table.footnotes)
    assert any("not randomised" in line for line in table.footnotes)


def test_baseline_has_no_p_and_none_of_five_does_not_exclude_half(tables):
    assert not [c for c in tables["T2"].columns if c == "p" or c.startswith("p ")]
    assert len(one(tables["T2"], variable="age at index", arm="MSC")["values"]) == 5
    assert any("0 of 5 does not exclude 52%" in line for line in tables["T9"].footnotes)


def test_reliability_without_repeats_says_why_and_imports_no_error(tables):
    assert [row[1] for row in tables["T6"].rows] == [0]
    assert "no recording names another as its repeat" in str(tables["T6"].rows[0][-1])


def test_every_source_is_a_file_that_is_written_or_read_with_these_columns(tables, outcome, study):
    written = {f"group/{name}.tsv": text for name, text in outcome_tables(outcome).items()}
    written["group/failures.tsv"] = "recording_id\n"
    for table in tables.values():
        assert table.sources
        for source in table.sources:
            if source.file == "group/outcome.json":
                continue
            path = study.root / source.file
            text = written.get(source.file) or path.read_text(encoding="utf-8")
            if source.key:
                assert set(source.key) <= set(text.split("\n")[0].split("\t")), source


def test_every_trend_item_points_to_tables_that_exist(tables):
    rows = rows_of(tables["T1b"])
    assert [row["no."] for row in rows] == list(range(1, 23))
    for row in rows:
        assert all(name in tables for name in row["where"].split(", ") if name)


class Cells(HTMLParser):
    """Cells of each table of the page, by the table's id: what stands there, unrounded."""

    def __init__(self):
        super().__init__()
        self.tables, self.now, self.cell = {}, None, None

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        if tag == "section" and about.get("class") == "table":
            self.now = self.tables.setdefault(about["id"], [])
        elif tag == "tr" and "id" in about:
            self.now.append([])
        elif tag == "td" and self.now and self.now[-1] is not None:
            self.cell = ""
        elif tag == "data":
            self.cell, self.held = None, about["value"]
            self.now[-1].append(self.held)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag == "td" and self.cell is not None:
            self.now[-1].append("n/a" if self.cell == "–" else self.cell)
        if tag in {"td", "data"}:
            self.cell = None
        if tag == "section":
            self.now = None


def plainly(rows):
    """Cells without line breaks; the page has minus signs where a CSV has hyphens."""
    return [[" ".join(cell.split()).replace("−", "-") for cell in row] for row in rows]


@pytest.fixture(scope="module")
def html(outcome, study, values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "_pictures", lambda *_: ())
        return page.report_text(outcome, study, values, [])


def test_csv_and_json_hold_the_numbers_of_the_page(html, tables):
    cells = Cells()
    cells.feed(html)
    assert set(cells.tables) == set(tables)
    for name, table in tables.items():
        header, *lines = list(csv.reader(io.StringIO(csv_text(table))))
        assert tuple(header) == table.columns
        if name != "T1b":  # its links to other tables have no commas between them
            assert plainly(cells.tables[name]) == plainly(lines), name
        held = json.loads(json_text(table))["rows"]
        plain = [[tuple(v) if isinstance(v, list) else v for v in row.values()] for row in held]
        assert [[exact(v) for v in row] for row in plain] == lines


def test_numbers_in_sentences_have_minus_signs_on_the_page_and_hyphens_in_the_csv(html, tables):
    tip = one(tables["T5"], id="tipping_treated")["note"]
    assert re.search(r"pass -0\.\d+ ln", tip)
    body = re.sub(r"<[^>]*>", " ", html.split("</style>")[1])
    assert not re.findall(r"(?<![\w.)/–-])-\.?\d", body)
    assert re.search(r"pass −0\.\d+ ln", body)
    assert "allergic_immune" not in body
    assert "allergic or immune" in body


def test_every_infant_named_in_a_table_leads_to_its_row(html):
    assert html.count('<tr id="sub-08">') == 1
    assert html.count('<a href="#sub-08">') > 10


def test_the_order_of_the_page_is_headline_limits_tables_figures_listings_notes(html):
    marks = ['class="lead"', 'id="limits"', 'id="T1"', 'id="T10d"', 'id="figures"', 'id="L1"',
             'id="L14"', 'id="notes"', 'id="provenance"', "<footer"]  # fmt: skip
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "SYNTHETIC DATA" in html[html.index("@bottom-left") : html.index("@bottom-right")]


def test_tables_are_written_twice_with_the_same_bytes_and_say_synthetic(tables, tmp_path):
    mark = "SYNTHETIC DATA: not about real infants"
    for folder in ("a", "b"):
        write_tables(tmp_path / folder, list(tables.values()), mark)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert len(names) == 2 * len(tables)
    assert {"T01_flow.csv", "T01_flow.json", "T03b_exposure_totals.csv"} <= set(names)
    for name in names:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        assert mark.encode() in content


def test_hostile_terms_stand_escaped_and_whole(outcome, study, values, monkeypatch):
    monkeypatch.setattr(page, "_pictures", lambda *_: ())
    term = '<img src=x onerror="alert(1)">, "=1+1"\n'
    events = tuple(dataclasses.replace(e, term=term) for e in study.clinical_events)
    hostile = dataclasses.replace(study, clinical_events=events)
    found = analyse(hostile, values, [])
    text = page.report_text(found, hostile, values, [])
    assert "<img" not in text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;" in text
    table = next(t for t in trial_tables(found, hostile, []) if t.id == "L6")
    lines = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert {line["as written"] for line in lines} == {term}


def test_ways_to_reach_a_person_are_in_no_table(outcome, study):
    entry = study.protocol.registry.model_copy(
        update={"responsible": "Dr Planted, d.planted@example.ir, +98 21 5555 0173"}
    )
    protocol = study.protocol.model_copy(update={"registry": entry})
    made = trial_tables(outcome, dataclasses.replace(study, protocol=protocol), [])
    said = json_text(next(t for t in made if t.id == "L11"))
    assert "Dr Planted, [e-mail], [telephone]" in said


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ParameterError, match="2 cells under 1 columns"):
        Table("T1", "x", "x", ("a",), ((1, 2),), ())
