"""Every code: the smallest change of a valid study that gives it, and where it points."""

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest
from study_builder import StudyFolder, on_day

from emgproc import study
from emgproc.study import check_study
from emgproc.study.check_people import evaluable_problem
from emgproc.study.codes import CODES

PEOPLE = "participants.tsv"
VISITS = "visits.tsv"
RECS = "recordings.tsv"
DOSES = "phenotype/exposures.tsv"
EVENTS = "phenotype/clinical_events.tsv"
TOML = "study.toml"
CSF = "phenotype/csf.tsv"
MEASURED = "phenotype/measurements.tsv"


def person(name, value, who="sub-01"):
    return lambda f: f.row(PEOPLE, participant_id=who).update({name: value})


def visit(who, session, **cells):
    return lambda f: f.row(VISITS, participant_id=who, session_id=session).update(cells)


def recording(who, session, **cells):
    def change(f):
        for row in f.rows(RECS, participant_id=who, session_id=session):
            row.update(cells)

    return change


def dose(number, **cells):
    return lambda f: f.row(DOSES, participant_id="sub-01", dose_no=number).update(cells)


def event(**cells):
    return lambda f: f.tables[EVENTS][0].update(cells)


def toml(old, new):
    return lambda f: f.replace(old, new)


def without(table, **where):
    return lambda f: f.drop(table, **where)


def raw(file, content):
    return lambda f: f.raw.update({file: content})


def retest_of_baseline(f: StudyFolder) -> None:
    first = f.row(RECS, participant_id="sub-01", session_id="ses-baseline")
    f.row(RECS, participant_id="sub-01", session_id="ses-month3")["retest_of"] = first[
        "recording_id"
    ]


def no_baseline(f: StudyFolder) -> None:
    f.drop(RECS, participant_id="sub-01", session_id="ses-baseline")


def missed_baseline(f: StudyFolder) -> None:
    no_baseline(f)
    visit("sub-01", "ses-baseline", status="missed", reason="ill")(f)


def no_table(f: StudyFolder) -> None:
    del f.tables[VISITS]


def nothing_recorded(f: StudyFolder) -> None:
    del f.tables[RECS]
    f.files.clear()


def no_file(f: StudyFolder) -> None:
    del f.files["sub-02/ses-post/emg/sub-02_ses-post_task-rest_emg.edf"]


def other_hash(f: StudyFolder) -> None:
    recording("sub-02", "ses-post", sha256="0" * 64)(f)


def same_hash(f: StudyFolder) -> None:
    for session in ("ses-baseline", "ses-post"):
        file = str(f.row(RECS, participant_id="sub-02", session_id=session)["file"])
        f.files[file] = b"one recording under two names"
        digest = hashlib.sha256(f.files[file]).hexdigest()
        recording("sub-02", session, sha256=digest)(f)


def failed_month3(f: StudyFolder) -> None:
    recording("sub-02", "ses-month3", qc_manual="fail", qc_reason="noise")(f)


def other_muscle(f: StudyFolder) -> None:
    f.drop(RECS, participant_id="sub-02", session_id="ses-baseline", muscle="biceps_brachii")
    f.drop(RECS, participant_id="sub-02", session_id="ses-month3", muscle="tibialis_anterior")


def control_dosed(f: StudyFolder) -> None:
    f.tables[DOSES].append({**f.tables[DOSES][0], "participant_id": "sub-03"})


def dose_two_first(f: StudyFolder) -> None:
    dose(2, datetime=on_day(1))(f)


def died(f: StudyFolder) -> None:
    person("death_date", on_day(60), "sub-02")(f)
    person("last_contact_date", on_day(60), "sub-02")(f)


def died_elsewhere(f: StudyFolder) -> None:
    event(kind="death", term="respiratory failure", start=on_day(60), end="n/a")(f)


def control_sampled(f: StudyFolder) -> None:
    f.tables[CSF][0]["participant_id"] = "sub-03"


def both_ways(f: StudyFolder) -> None:
    f.replace('text = "Malignancies"', 'opposite_of = "I02", text = "Malignancies"')
    person("crit_X04", "Y")(f)


def post_not_planned(f: StudyFolder) -> None:
    start = f.toml.index('[[visit]]\nid = "EMG_POST"')
    f.toml = f.toml[:start] + f.toml[f.toml.index("[[visit]]", start + 1) :]


CASES = [
    ("E001", person("armm", "MSC"), PEOPLE, 1, "armm", "did you mean arm?"),
    ("E002", lambda f: [r.pop("sex") for r in f.tables[PEOPLE]], PEOPLE, 1, "sex", "missing"),
    ("E003", person("sex", "n/a"), PEOPLE, 2, "sex", "required"),
    ("E003", person("age_months", ""), PEOPLE, 2, "age_months", "or birth_date"),
    ("E003", visit("sub-01", "ses-post", date="n/a"), VISITS, 3, "date", "unless"),
    ("E004", person("age_months", "8,5"), PEOPLE, 2, "age_months", "decimal point"),
    ("E004", person("index_date", "2015-02-30"), PEOPLE, 2, "index_date", "no such day"),
    ("E004", person("sex", "f"), PEOPLE, 2, "sex", "known here: M, F, U; did you mean F?"),
    ("E004", dose(1, given_cells="inf"), DOSES, 2, "given_cells", "not a number"),
    ("E004", event(grade=6), EVENTS, 2, "grade", "outside 1 to 5"),
    ("E005", raw(PEOPLE, "participant_id\tnäme".encode("latin-1")), PEOPLE, 0, "", "byte 16"),
    ("E005", raw(CSF, b"participant_id\tdate\tmethod\tresult\nsub-01\t2015-12-01\tPCR\tneg\tx\n"),
     CSF, 2, "", "stray tab"),
    ("E006", no_table, VISITS, 0, "", "no such table"),
    ("E006", toml('semg = "plan.toml"', 'semg = "p.toml"'), TOML, None, "plans.semg", "plan"),
    ("E007", toml("alpha = 0.05", "alfa = 0.05"), TOML, None, "analysis.alfa", "alpha?"),
    ("E007", toml("schema = 1", "schema = = 1"), TOML, 4, "", "not TOML"),
    ("E008", toml("alpha = 0.05", ""), TOML, None, "analysis.alpha", "not set"),
    ("E008", toml("1394/05/26", "1394/05/27"), TOML, None, "registry.ethics.date", "is"),
    ("E008", toml('anchor = "index"', 'anchor = "indx"'), TOML, None, "visit[0].anchor",
     "did you mean index?"),
    ("E008", toml('check = "age_months > 12"', 'check = "age > 12"'), TOML, None,
     "design.criteria[6].check", "age_months or smn2_copies"),
    ("E009", toml("planned_n = 4", "planned_n = 9"), TOML, None, "design.planned_n", "4"),
    ("E009", toml('arm = "MSC"', 'arm = "CTRL"'), TOML, None, "dose.arm", "not treated"),
    ("E009", toml("[1, 15, 29]", "[1, 15]"), TOML, None, "dose.nominal_days", "3 levels"),
    ("E009", toml("[1, 15, 29]", "[1, 29, 15]"), TOML, None, "dose.nominal_days", "increase"),
    ("E009", toml("muscles = 2", "muscles = 5"), TOML, None, "primary.min_muscles", "4"),
    ("E009", toml('visit = "EMG_M3"', 'visit = "EMG_BL"'), TOML, None, "primary.visit", "own"),
    ("E009", toml('"state/3"', '"state/9"'), TOML, None, "primary.state", "label"),
    ("E009", toml('["state/3"]', '["state/3", "state/4"]'), TOML, None, "primary.state",
     "takes its windows in state/3"),
    ("E009", raw("plan.toml", b'schema = 1\n[windows]\nlabels = ["state/4"]\n'), TOML, None,
     "primary.state", "takes its windows in state/4"),
    ("E009", toml('id = "C2"', 'id = "C1"'), TOML, None, "protocol_note", "twice"),
    ("E009", toml('semg = "plan.toml"', ""), TOML, None, "plans.semg", "need a plan"),
    ("E009", toml("control_anchor_day = 29", ""), TOML, None, "visit[2].control_anchor_day",
     "no last dose"),
    ("E009", toml('"non-randomised"', '"single-arm"'),
     TOML, None, "design.allocation", "one"),
    ("E010", person("arm", "MCS"), PEOPLE, 2, "arm",
     "unknown arm (known: MSC, CTRL); did you mean MSC?"),
    ("E011", person("participant_id", "sub-02"), PEOPLE, 3, "participant_id", "line 2"),
    ("E012", recording("sub-01", "ses-post", participant_id="sub-9"), RECS, 4,
     "participant_id", "not in participants.tsv"),
    ("E013", without(VISITS, participant_id="sub-01", session_id="ses-post"), RECS, 4,
     "session_id", "no line in visits.tsv"),
    ("E013", visit("sub-01", "ses-post", status="missed"), RECS, 4, "session_id", "missed"),
    ("E013", post_not_planned, VISITS, 3, "session_id", "plans no visit EMG_POST"),
    ("E009", post_not_planned, TOML, None, "secondary[0].visit", "no [[visit]] of that id"),
    ("E014", recording("sub-01", "ses-post", retest_of="r9"), RECS, 4, "retest_of", "no other"),
    ("E014", retest_of_baseline, RECS, 6, "retest_of", "another participant or visit"),
    ("E020", person("death_date", on_day(-1)), PEOPLE, 2, "death_date", "before index_date"),
    ("E020", person("consent_date", on_day(2)), PEOPLE, 2, "index_date", "before consent_date"),
    ("E020", person("birth_date", on_day(2)), PEOPLE, 2, "birth_date", "after index_date"),
    ("E020", event(end=on_day(1)), EVENTS, 2, "end", "ends before"),
    ("E021", died, RECS, 12, "start", "after death 2015-12-31"),
    ("E022", person("last_contact_date", date(2017, 1, 1)), PEOPLE, 2, "last_contact_date",
     "after data_cutoff 2016-12-31"),
    ("E023", toml('["2015-08-17", "1394/05/26"]', '["2015-11-06", "1394/08/15"]'), RECS, 2,
     "start", "before the ethics approval 2015-11-06"),
    ("E024", person("genetic_date", on_day(2)), PEOPLE, 2, "genetic_date", "after dose 1"),
    ("E024", person("genetic_confirm", "NK"), PEOPLE, 2, "genetic_confirm", "must be Y"),
    ("E030", control_dosed, DOSES, 8, "participant_id", "untreated arm CTRL"),
    ("E031", dose_two_first, DOSES, 3, "datetime", "dose 2 not after dose 1"),
    ("E031", without(DOSES, participant_id="sub-01", dose_no=2), DOSES, 3, "dose_no",
     "without a row for dose 2"),
    ("E032", dose(1, given_cells="1e6"), DOSES, 2, "given_cells",
     "given 1e+06 ≠ planned level 2e+06"),
    ("E032", dose(1, planned_cells="1e6"), DOSES, 2, "planned_cells", "see dose.levels"),
    ("E032", dose(3, dose_no=4), DOSES, 4, "dose_no", "plans 3"),
    ("E034", person("index_date", on_day(2)), DOSES, 2, "datetime", "is not the day of dose 1"),
    ("E040", no_baseline, PEOPLE, 2, "participant_id", "no baseline EMG of sub-01"),
    ("E040", recording("sub-01", "ses-baseline", start=f"{on_day(1)}T10:00:01"), RECS, 2, "start",
     "after dose 1"),
    ("E040", recording("sub-03", "ses-baseline", start=on_day(2)), RECS, 14, "start",
     "after the index date"),
    ("E041", other_muscle, RECS, 11, "muscle", "share no muscle"),
    ("E050", no_file, RECS, 10, "file", "no such file"),
    ("E050", other_hash, RECS, 10, "sha256", "not the one"),
    ("E051", recording("sub-01", "ses-post", file="../x.edf"), RECS, 4, "file", "without .."),
    ("E051", recording("sub-01", "ses-post", file="/x.edf"), RECS, 4, "file", "relative"),
    ("E051", toml('semg = "plan.toml"', 'semg = "../p.toml"'), TOML, None, "plans.semg", ""),
    ("E052", recording("sub-01", "ses-post", channel="n/a"), RECS, 4, "channel", "each must name"),
    ("E052", recording("sub-01", "ses-post", channel="E1"), RECS, 5, "channel", "line 4 too"),
    ("E053", lambda f: f.tables[RECS][3].update(file="plan.toml"), RECS, 5, "file",
     "another file"),
    ("E054", nothing_recorded, RECS, 0, "", "write recordings.tsv"),
    ("E060", person("birth_date", date(2015, 1, 20)), PEOPLE, 2, "age_months", "9.4 months"),
    ("E061", person("age_months", 13), PEOPLE, 2, "age_months", "I01 'Age under 12 month'"),
    ("E061", person("age_months", 5.9), PEOPLE, 2, "age_months", "not met"),
    ("E062", died_elsewhere, EVENTS, 2, "start", "death_date in participants.tsv is empty"),
    ("E070", toml('feature = "tone_primary_v1"', ""), TOML, None, "primary.feature",
     "primary.feature not set"),
    ("E070", toml("[primary]", "[primary_]"), TOML, None, "primary.visit", "not set"),
    ("W101", visit("sub-01", "ses-month3", date=on_day(141)), VISITS, 4, "date",
     "EMG_M3 of sub-01 at day 141, window 106–134"),
    ("W101", visit("sub-03", "ses-month3", date=on_day(105)), VISITS, 10, "date",
     "EMG_M3 of sub-03 at day 105, window 106–134"),
    ("W102", person("age_months", 12.0), PEOPLE, 2, "age_months", "12.0 is on the boundary"),
    ("W103", person("enrolled", "N", "sub-04"), PEOPLE, 0, "arm", "1 of 2 planned"),
    ("W105", same_hash, RECS, 10, "sha256", "the same sha256 as sub-02_ses-baseline"),
    ("W106", event(grade=5), EVENTS, 2, "grade", "no death_date"),
    ("W107", person("genetic_confirm", "n/a", "sub-03"), PEOPLE, 4, "genetic_confirm", "CTRL"),
    ("W107", person("genetic_date", "n/a"), PEOPLE, 2, "genetic_date", "cannot be checked"),
    ("W108", control_sampled, CSF, 2, "participant_id", "untreated"),
    ("W110", failed_month3, RECS, 10 + 2, "qc_manual", "passed manual QC"),
    ("W111", person("crit_I02", "N"), PEOPLE, 2, "crit_I02", "I02 'Weak muscle tone' is not met"),
    ("W111", person("crit_X04", "Y"), PEOPLE, 2, "crit_X04", "X04 'Malignancies' is met"),
    ("W112", recording("sub-01", "ses-post", start=on_day(30)), RECS, 4, "start",
     "not on the day"),
    ("W113", dose(2, datetime=on_day(19)), DOSES, 3, "datetime", "day 19, planned day 15 ± 3"),
    ("W114", without(DOSES, participant_id="sub-01", dose_no=3), PEOPLE, 2, "participant_id",
     "no row for dose 3"),
    ("W115", dose(3, given_cells=0), DOSES, 4, "given_cells", "given 0"),
    ("W115", dose(3, given_cells="4e6", interrupted="Y"), DOSES, 4, "given_cells", "given 4e+06"),
    ("W115", dose(3, route="intravenous"), DOSES, 4, "route", "another route"),
    ("W115", missed_baseline, PEOPLE, 2, "participant_id", "no change to analyse"),
    ("W104", lambda f: f.tables[MEASURED][0].update(measure="cmap_amp_mv", value="400"),
     MEASURED, 2, "value", "is it µV?"),
    ("W116", lambda f: f.tables[RECS][0].update(muscle="Biceps brachii"), RECS, 2, "muscle",
     "did you mean biceps_brachii?"),
    ("W116", lambda f: f.tables[RECS][0].update(side=""), RECS, 2, "side", "state L or R"),
    ("W123", both_ways, PEOPLE, 2, "crit_X04", "the opposite of crit_I02, which is Y too"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "change", "file", "row", "column", "message"),
    CASES,
    ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)],
)
def test_a_change_of_a_valid_study_gives_its_code_where_it_stands(
    folder, tmp_path, code, change, file, row, column, message
):
    change(folder)
    problems = check_study(folder.write(tmp_path))
    found = [p for p in problems if p.code == code and p.file == file and p.column == column]
    assert found, [str(p) for p in problems]
    assert any(message in p.message and (row is None or p.row == row) for p in found), found
    severities = {p.severity for p in found}
    assert severities == {
        "recording" if code == "E050" else "warning" if code[0] == "W" else "error"
    }


def test_the_cases_and_the_evaluable_number_cover_every_code():
    assert {case[0] for case in CASES} | {"W109"} == set(CODES)


def test_every_code_written_in_the_package_is_in_the_table():
    written = {
        code
        for file in Path(study.__file__).parent.glob("*.py")
        for code in re.findall(r'"([EW]\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert written == set(CODES)


@pytest.mark.parametrize(
    ("treated", "control", "text"),
    [(3, 4, "3 v 4: smallest p 0.057"), (0, 5, "0 v 5: smallest p 1.000"), (2, 5, "p 0.095")],
)
def test_too_few_evaluable_infants_are_told_before_the_test(treated, control, text):
    problem = evaluable_problem(treated, control, 0.05)
    assert problem is not None
    assert problem.code == "W109"
    assert text in problem.message


def test_enough_evaluable_infants_are_no_problem():
    assert evaluable_problem(4, 4, 0.05) is None
    assert evaluable_problem(5, 3, 0.05) is None
