"""R23 to R29 of the registry entry: each is represented, and a study that breaks it is told.

Numbers as in the trial's specification; quotes are the entry's.
"""

import json
from datetime import date

from code_changes import (
    EVENTS,
    PEOPLE,
    TOML,
    VISITS,
    event,
    person,
    toml,
    visit,
)
from secondary_outcomes import SECONDARY, outcome
from study_builder import changed, on_day, told

from emgproc.study import (
    availability_of,
    load_study,
    sponsors_of,
)
from emgproc.study.registry import gregorian


def test_r23_sensitivity_or_infection_is_the_third_secondary_outcome(shipped, folder, tmp_path):
    found, words = outcome(shipped, 3)
    assert words == SECONDARY[2]
    assert (found.grading, found.method) == ("CTCAE v5.0", "Direct observation")
    cells = {
        "kind": "infection", "term": "meningitis", "category": "infection", "grade": 3,
        "serious": "Y", "related": "possible", "expected": "N", "meddra_pt": "Meningitis",
    }  # fmt: skip
    assert changed(folder, tmp_path / "a", event(**cells)) == []
    (row,) = load_study(tmp_path / "a").clinical_events
    assert (row.kind, row.category, row.grade, row.serious) == ("infection", "infection", 3, True)
    assert (row.expected, row.meddra_pt) == (False, "Meningitis")
    problems = changed(folder, tmp_path / "b", event(grade=0, category="x", expected="NK"))
    assert {("E004", EVENTS, name) for name in ("grade", "category", "expected")} <= set(problems)


def test_r24_longevity_is_the_fourth_secondary_outcome(shipped, folder, tmp_path):
    _, words = outcome(shipped, 4)
    assert words == SECONDARY[3]
    died = (person("death_date", on_day(125)), person("last_contact_date", on_day(125)))
    assert changed(folder, tmp_path / "a", *died) == []
    study = load_study(tmp_path / "a")
    assert (study.death_day("sub-01"), study.death_day("sub-02")) == (125, None)
    died = (person("death_date", on_day(119)), person("last_contact_date", on_day(119)))
    codes = {code for code, *_ in changed(folder, tmp_path / "b", *died)}
    assert codes == {"E021"}  # seen at month 3, on day 120
    died = (person("death_date", on_day(-1)), person("last_contact_date", on_day(-1)))
    problems = changed(folder, tmp_path / "c", *died)
    assert ("E020", PEOPLE, "death_date") in problems


def test_r25_no_procedure_comes_before_the_ethics_approval(shipped, folder, tmp_path):
    ethics = shipped.registry.ethics
    assert ethics.committee == "Ethics committee of Tehran University of Medical Sciences"
    assert ethics.ref == "IR.TUMS.REC.1394.607"
    assert ethics.approved == ("2015-08-17", "1394/05/26")
    on_the_day = visit("sub-01", "ses-baseline", date="2015-08-17")
    codes = {code for code, *_ in changed(folder, tmp_path / "a", on_the_day)}
    assert codes == {"W101", "W112"}
    before = visit("sub-01", "ses-baseline", date="2015-08-16")
    assert ("E023", VISITS, "date") in changed(folder, tmp_path / "b", before)


def test_r26_planned_and_actual_dates_are_apart_and_empty_is_a_value(shipped, folder, tmp_path):
    entry = shipped.registry
    assert gregorian(entry.expected_start) == date(2015, 9, 23)
    assert gregorian(entry.expected_end) == date(2016, 5, 21)
    assert (entry.actual_start, entry.actual_end, entry.completed) == ("empty",) * 3
    assert gregorian(entry.actual_start) is None
    assert ("Trial completion date", "empty") in entry.lines()
    change = toml('actual_start = "empty"', 'actual_start = ["2015-11-04", "1394/08/13"]')
    problems = changed(folder, tmp_path, change)
    # What C17 quotes is then no longer what the entry says.
    assert problems == [
        ("W117", TOML, "protocol_note[16].b"), *[("W124", PEOPLE, "index_date")] * 4,
    ]  # fmt: skip


CONTACT = """[[registry.contact]]
name = "Planted Person"
role = "for public queries"
phone = "+98 21 5555 0199"
email = "planted@example.org"
address = "Planted Street 7"

[registry.sharing]
"""


def test_r27_centre_people_and_funding_are_stored(shipped, folder, tmp_path):
    entry = shipped.registry
    assert (entry.centre, entry.responsible) == ("Children Medical Center", "Mahmoudreza Ashrafi")
    rows = sponsors_of(shipped)
    assert [r.name for r in rows if r.name] == [
        "Vice chancellor for research, Tehran University of Medical Sciences",
        "Vice Presidency for Science and Technology",
    ]
    assert rows[0].grant == "28524"
    problems = changed(folder, tmp_path, toml('"28524", same_as', '"28524", like'))
    assert ("E007", TOML, "registry.sponsors[0].like_funding") in problems


def test_r27_telephone_and_e_mail_never_leave_the_study_folder(folder, tmp_path):
    folder.replace("[registry.sharing]\n", CONTACT)
    assert told(folder, tmp_path / "a") == []
    protocol = load_study(tmp_path / "a").protocol
    (contact,) = protocol.registry.contacts
    assert (contact.phone, contact.email) == ("+98 21 5555 0199", "planted@example.org")
    exported = (
        repr(protocol),
        json.dumps(protocol.model_dump(mode="json", by_alias=True)),
        protocol.model_dump_json(),
        repr(protocol.registry.lines()),
    )
    assert not [text for text in exported if "lanted" in text or "0199" in text]
    for number, words in enumerate(('"planted@example.org', '"call +98 21 5555 0199')):
        folder.toml = folder.toml.replace('masked_groups = "', f"masked_groups = {words} ")
        problems = told(folder, tmp_path / str(number))
        assert ("W119", TOML, "registry.masked_groups") in problems


def test_r28_the_sharing_plan_is_a_table_of_data_availability(shipped, folder, tmp_path):
    rows = availability_of(shipped)
    assert [row.item for row in rows] == [
        "Deidentified Individual Participant Data Set (IPD)", "Study Protocol",
        "Statistical Analysis Plan", "Informed Consent Form", "Clinical Study Report",
        "Analytic Code", "Data Dictionary",
    ]  # fmt: skip
    assert {(row.entry, row.stated) for row in rows} == {("empty", False)}
    folder.replace('"Analytic Code" = "empty"', '"Analytic Code" = "Yes"')
    told(folder, tmp_path)
    stated = [row for row in availability_of(load_study(tmp_path).protocol) if row.stated]
    assert [(row.item, row.entry) for row in stated] == [("Analytic Code", "Yes")]


def test_r29_the_rationale_is_stored_and_later_therapies_are_known(shipped, folder, tmp_path):
    words = "Currently there is no treatment for Werdnig Hoffman patients."
    assert shipped.study.rationale == words
    known = shipped.ice.other_sma_therapies
    assert {"nusinersen", "onasemnogene abeparvovec", "risdiplam"} <= set(known)
    therapy = {"kind": "other_sma_therapy", "grade": "n/a", "related": "n/a"}
    assert changed(folder, tmp_path / "a", event(**therapy, term="Risdiplam")) == []
    problems = changed(folder, tmp_path / "b", event(**therapy, term="salbutamol"))
    assert problems == [("W122", EVENTS, "term")]
    folder.replace('rationale = "Currently', 'rationale = "At present')
    assert ("W117", TOML, "study.rationale") in told(folder, tmp_path / "c")
