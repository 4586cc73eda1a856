"""A protocol with errors: what of it still serves to check the tables, and what does not."""

import tomllib

import pytest
from code_changes import PEOPLE, TOML, person
from study_builder import told

from emgproc.study import template_toml
from emgproc.study.parse import parse_protocol
from emgproc.study.partial import usable_part

# A change of the protocol that is an error, and the key it is told at.
SPARED = [
    ("alpha = 0.05", "alpha = 5", "analysis.alpha"),
    ("seed = 20150730", "", "analysis.seed"),
    ('death = "composite"', 'death = "policy"', "ice.death"),
    ("hours_per_day = 16", "hours = 16", "ice.ventilation.hours_per_day"),
    ('phase = "2"\ncondition', 'phase = "II"\ncondition', "study.phase"),
    ('id = "IRCT2015073023417N1"', 'id = ""', "study.id"),
    ('date = ["2015-08-17"', 'date = ["2015-08-18"', "registry.ethics.date"),
    ('timing = "prospective"', "timing = 1", "registry.timing"),
    ('{ name = "Vice Pres', '{ nome = "Vice Pres', "registry.sponsors[1].name"),
    ('purpose = "Treatment"\nassign', 'purpose = "Cure"\nassign', "design.purpose"),
    ('sexes = "both"', 'sexes = "all"', "design.sexes"),
    ('origin = "allogeneic"', 'origin = "donor"', "dose.origin"),
    ("summary_doses = [1e6, 3e6, 5e6]", "summary_doses = [0]", "dose.summary_doses[0]"),
    ('kind = "csf"', 'kind = "cfs"', "secondary[1].kind"),
    ("[events]", '[events]\n"calm" = "state/9"', "events"),
    ('adopted = "G12"\n', "", "protocol_note[14].adopted"),
    ('benefit = "increase"', 'benefit = "more"', "primary.benefit"),
    ('unit = "ln_uV"\n', "", "primary.unit"),
    ('unit = "ln_uV"', 'unit = "ln_uV"\nunits = "V"', "primary.units"),
]
NEEDED = [
    ("data_cutoff = 2016-12-31", "", "study.data_cutoff"),
    ("window_days = 3", "window_day = 5", "dose.window_day"),
    ("nominal_days = [1, 15, 29]", "", "dose.nominal_days"),
    ('muscles = ["biceps', 'muscle = ["biceps', "primary.muscles"),
    ('anchor = "index"', 'anchor = "birth"', "visit[0].anchor"),
    ("planned_n = 4", 'planned_n = "4"', "design.planned_n"),
    ('semg = "plan.toml"', "semg = 1", "plans.semg"),
    ("[dose]", "[doses]", "dose"),
]


def broken(folder, root, old, new):
    folder.replace(old, new)
    person("age_months", "14")(folder)
    return told(folder, root)


@pytest.mark.parametrize(("old", "new", "key"), SPARED)
def test_an_error_on_which_no_table_depends_hides_nothing(folder, tmp_path, old, new, key):
    problems = broken(folder, tmp_path, old, new)
    assert key in {column for code, file, column in problems if file == TOML and code[0] == "E"}
    assert ("E061", PEOPLE, "age_months") in problems
    # Left out, a key makes no check say what is not so.
    assert {code for code, file, _ in problems if file != TOML} == {"E061"}


@pytest.mark.parametrize(("old", "new", "key"), NEEDED)
def test_an_error_on_which_a_table_depends_stops_the_comparison(folder, tmp_path, old, new, key):
    problems = broken(folder, tmp_path, old, new)
    assert key in {column for code, file, column in problems if file == TOML and code[0] == "E"}
    assert {file for _, file, _ in problems} == {TOML}
    assert ("W125", TOML, "") in problems


def test_the_part_of_a_protocol_without_errors_is_the_protocol():
    raw = tomllib.loads(template_toml())
    assert usable_part(raw) == parse_protocol(raw)[0]


@pytest.mark.parametrize("raw", [{}, {"registry": 3}, {"study": []}, {"analysis": 1, "ice": "x"}])
def test_what_is_no_protocol_at_all_has_no_usable_part(raw):
    assert usable_part(raw) is None


@pytest.mark.parametrize("table", ["registry", "events", "protocol_note", "secondary"])
def test_a_table_that_is_none_is_left_out(table):
    raw = {**tomllib.loads(template_toml()), table: 3}
    part = usable_part(raw)
    assert part is not None
    assert part.dose == parse_protocol(tomllib.loads(template_toml()))[0].dose
