"""C1 to C10: where the registry entry contradicts itself, what is adopted and how it is switched.

Numbers as in the trial's specification; each note quotes the entry exactly, or is told (W117).
"""

import re

import pytest
from code_changes import DOSES, PEOPLE, TOML, person, toml
from study_builder import MUSCLES, changed, told

from emgproc.study import doses_of, eligibility_of, exposure_totals, load_study
from emgproc.study.dates import Period


def note(protocol, number):
    return next(n for n in protocol.notes if n.id == f"C{number}")


def quotes(protocol, number):
    """The quotes of a note, each of which stands in the entry."""
    found = note(protocol, number)
    entry = "\n".join(f"{name} / {text}" for name, text in protocol.registry.lines())
    pieces = [p for side in (found.a, found.b) for p in re.split(r" … | \| ", side) if p]
    assert not found.external
    assert all(piece in entry for piece in pieces), pieces
    return pieces


def of_infant(rows, criterion, who="sub-01"):
    return next(r for r in rows if (r.participant_id, r.criterion_id) == (who, criterion))


@pytest.mark.parametrize("number", range(1, 22))
def test_every_note_quotes_the_entry_exactly_and_is_told_where_it_does_not(
    shipped, folder, tmp_path, number
):
    assert quotes(shipped, number)
    kept = f'a = "{note(shipped, number).a}"'
    place = folder.toml.index(f'id = "C{number}"\n')
    assert folder.toml.index(kept, place) > place
    folder.toml = folder.toml[:place] + folder.toml[place:].replace(kept, 'a = "Not said"', 1)
    problems = told(folder, tmp_path)
    assert problems == [("W117", TOML, f"protocol_note[{number - 1}].a")]


def test_notes_from_elsewhere_say_so(shipped):
    external = {n.id: n.b for n in shipped.notes if n.external}
    words = " | ".join(external.values())
    for said in ("NCT02855112", "Phase 1/Phase 2", "start June 2015", "Single Group Assignment"):
        assert said in words
    assert "amplitude response of motor in the tibial nerve (0.56 mV; p 0.029)" in words
    assert len(external) == len(shipped.notes) - 21


def published(protocol):
    return {row.source: (row.total_cells, row.adopted) for row in protocol.dose_schedules()}


def test_c01_both_published_dose_schedules_keep_their_totals_when_they_are_switched(
    shipped, folder, tmp_path
):
    assert "at the dose of 1 million cells" in quotes(shipped, 1)
    assert shipped.cumulative_dose() == 17e6
    assert published(shipped) == {
        "planned": (17e6, True), "structured section": (17e6, True), "summary": (9e6, False),
    }  # fmt: skip
    folder.replace("levels = [2e6, 5e6, 1e7]", "levels = [1e6, 3e6, 5e6]")
    problems = told(folder, tmp_path / "a")
    # Six doses were given as the other schedule has it, and say so.
    assert {place for place in problems if place[0] == "E032"} == {
        ("E032", DOSES, "planned_cells"), ("E032", DOSES, "given_cells"),
    }  # fmt: skip
    for row in folder.tables[DOSES]:
        row["planned_cells"] = row["given_cells"] = ("1e6", "3e6", "5e6")[int(row["dose_no"]) - 1]
    assert told(folder, tmp_path / "b") == []
    study = load_study(tmp_path / "b")
    assert published(study.protocol) == {
        "planned": (9e6, True), "structured section": (17e6, False), "summary": (9e6, True),
    }  # fmt: skip
    assert {(t.planned_cells, t.given_cells) for t in exposure_totals(study)} == {(9e6, 9e6)}


def test_c02_the_third_injection_is_on_day_29_or_by_the_other_reading_on_day_43(
    shipped, folder, tmp_path
):
    assert "The third injection after 4 weeks" in quotes(shipped, 2)
    assert shipped.dose.nominal_days == (1, 15, 29)
    folder.replace("nominal_days = [1, 15, 29]", "nominal_days = [1, 15, 43]")
    codes = [code for code, *_ in told(folder, tmp_path / "a")]
    assert (codes.count("W113"), codes.count("W118")) == (2, 2)
    rows = [r for r in doses_of(load_study(tmp_path / "a")) if r.dose_no == 3]
    assert {(r.nominal_day, r.day, r.days_off, r.early) for r in rows} == {(43, 29, -14, True)}
    folder.replace("control_anchor_day = 29", "control_anchor_day = 43")
    assert "W118" not in [code for code, *_ in told(folder, tmp_path / "b")]


def test_c03_criteria_that_exclude_every_child_are_refused(shipped, folder, tmp_path):
    assert "Exclusion criteria: Age up to 12 month" in quotes(shipped, 3)
    # Both as the summary words them: under 12 months to enter, up to 12 months to stay out.
    folder.replace('check = "6 <= age_months <= 12"', 'check = "age_months < 12"')
    folder.replace('check = "age_months > 12"', 'check = "age_months <= 12"')
    assert ("E009", TOML, "design.criteria") in told(folder, tmp_path)


def test_c04_the_exclusion_by_age_is_beyond_12_months(shipped, folder, tmp_path):
    assert quotes(shipped, 4) == ["Age up to 12 month", "Age beyond 12 month"]
    (criterion,) = [c for c in shipped.design.criteria if c.id == "X01"]
    assert (criterion.text, criterion.check) == ("Age beyond 12 month", "age_months > 12")
    told(folder, tmp_path / "a")
    assert of_infant(eligibility_of(load_study(tmp_path / "a")), "X01").admits is True
    folder.replace('text = "Age beyond 12 month"', 'text = "Age up to 12 month"')
    assert ("W117", TOML, "design.criteria[6].text") in told(folder, tmp_path / "b")


@pytest.mark.parametrize(
    ("age", "state", "code"),
    [(5.9, "not met", "E061"), (6, "met", ""), (12.0, "met", "W102"), (13, "not met", "E061")],
)
def test_c05_both_bounds_are_included_and_12_months_is_a_warning(
    shipped, folder, tmp_path, age, state, code
):
    assert "Age under 12 month" in quotes(shipped, 5)
    assert [Period.parse(a).months for a in (shipped.design.age_min, shipped.design.age_max)] == [
        6, 12,
    ]  # fmt: skip
    problems = changed(folder, tmp_path / "a", person("age_months", age))
    assert {found for found, *_ in problems} == ({code} if code else set())
    person("enrolled", "N")(folder)
    told(folder, tmp_path / "b")
    row = of_infant(eligibility_of(load_study(tmp_path / "b")), "I01")
    assert (row.state, row.at_bound, row.enrolled) == (state, code == "W102", False)


def test_c05_a_floor_and_a_ceiling_of_their_own_must_fit_the_criteria(folder, tmp_path):
    change = toml('check = "6 <= age_months <= 12"', 'check = "age_months < 12"')
    problems = changed(folder, tmp_path, change)
    assert ("E009", TOML, "design.age_min") in problems
    assert ("E009", TOML, "design.age_max") in problems


def test_c06_weakness_in_mobility_is_of_the_structured_list_only(shipped, folder, tmp_path):
    assert quotes(shipped, 6) == ["Weakness in mobility"]
    assert note(shipped, 6).b == ""
    assert "Weakness in mobility" not in shipped.registry.summary
    line = 'text = "Weakness in mobility", check = "investigator", source = '
    folder.replace(f'{line}"structured"', f'{line}"summary"')
    assert told(folder, tmp_path) == [("W117", TOML, "design.criteria[2].text")]


def test_c07_the_summarys_exclusion_is_kept_and_enforced_only_where_it_is_switched_on(
    shipped, folder, tmp_path
):
    assert quotes(shipped, 7) == ["Other types of spinal muscular atrophies", "Malignancies"]
    assert "Malignancies" not in shipped.registry.summary
    (extra,) = [c for c in shipped.design.criteria if c.source == "summary"]
    assert (extra.id, extra.text, extra.enforce) == ("X05", note(shipped, 7).a, False)
    person("crit_X05", "Y")(folder)
    assert told(folder, tmp_path / "a") == [("W111", PEOPLE, "crit_X05")]
    study = load_study(tmp_path / "a")
    row = of_infant(eligibility_of(study), "X05")
    assert (row.state, row.enforced, row.admits) == ("met", False, False)
    folder.replace('source = "summary", enforce = false', 'source = "summary", enforce = true')
    problems = told(folder, tmp_path / "b")
    assert ("E061", PEOPLE, "crit_X05") in problems
    # Enforced, an infant without an answer is told too.
    assert problems.count(("W111", PEOPLE, "crit_X05")) == 3


def test_c08_sitting_is_the_investigators_answer_only(shipped, folder, tmp_path):
    assert "Patient sit is not fully nerve guided" in quotes(shipped, 8)
    (criterion,) = [c for c in shipped.design.criteria if c.id == "I04"]
    assert criterion.text == note(shipped, 8).b
    assert criterion.check == "investigator"
    assert changed(folder, tmp_path / "a", person("crit_I04", "N")) == [
        ("W111", PEOPLE, "crit_I04")
    ]
    text = f'"{criterion.text}", check = '
    problems = changed(folder, tmp_path / "b", toml(f'{text}"investigator"', f'{text}"sits"'))
    assert ("E008", TOML, "design.criteria[3].check") in problems


@pytest.mark.parametrize(
    ("senses", "loss", "states", "codes"),
    [
        ("Y", "n/a", ("met", "not met"), []),
        ("n/a", "Y", ("not met", "met"), ["W111", "W111"]),
        ("N", "n/a", ("not met", "met"), ["W111", "W111"]),
        ("Y", "N", ("met", "not met"), []),
        ("Y", "Y", ("met", "met"), ["W111", "W123"]),
        ("N", "N", ("not met", "not met"), ["W111", "W123"]),
        ("N", "Y", ("not met", "met"), ["W111", "W111"]),
    ],
)
def test_c09_sensation_is_one_item_asked_both_ways(
    shipped, folder, tmp_path, senses, loss, states, codes
):
    assert "Existence of home senses" in quotes(shipped, 9)
    person("crit_I05", senses)(folder)
    problems = changed(folder, tmp_path, person("crit_X03", loss))
    assert sorted(code for code, *_ in problems) == codes
    rows = eligibility_of(load_study(tmp_path))
    assert (of_infant(rows, "I05").state, of_infant(rows, "X03").state) == states


def test_c10_the_main_outcome_is_muscle_tone_and_longevity_the_fourth_secondary(
    shipped, folder, tmp_path
):
    assert "Improve in disease phenotype, Probable increased longevity" in quotes(shipped, 10)
    assert shipped.registry.primary_outcomes[0].description == "Muscle Tone"
    assert [o.kind for o in shipped.secondary].index("survival") == 3
    assert shipped.primary.feature == "tone_primary_v1"
    assert set(MUSCLES) <= set(shipped.primary.muscles)
    change = toml('text = "Patients Longevity"', 'text = "Probable increased longevity"')
    problems = changed(folder, tmp_path, change)
    assert ("W117", TOML, "secondary[3]") in problems
