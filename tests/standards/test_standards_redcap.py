"""REDCap: the dictionary of our tables, and a study's tables from an export of records."""

import csv
import io

import pytest
from click.testing import CliRunner

from emgproc.cli import main
from emgproc.errors import ParameterError
from emgproc.standards.redcap import HEADER, form_of, read_redcap, redcap_dictionary
from emgproc.study.columns import TABLES

EXPORT = (
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,grp,sex_c,age_m,idx,last,name,dose,"
    "when,cells\n"
    '01,,,1,2,9.7,2015-10-12,2016-02-29,"Rezaei, A.",,,\n'
    "02,,,2,1,10.1,2015-11-02,2016-03-07,Karimi,,,\n"
    "01,doses,1,,,,,,,1,2015-10-12,2000000\n"
    "01,doses,2,,,,,,,2,2015-10-27,5000000\n"
)
MAP = {
    "record": "record_id",
    "tables": {
        "participants": {
            "fields": {"arm": "grp", "sex": "sex_c", "age_months": "age_m", "index_date": "idx",
                       "last_contact_date": "last", "screen_fail_reason": "name"},
            "values": {"arm": {"1": "MSC", "2": "CTRL"}, "sex": {"1": "F", "2": "M"}},
        },
        "exposures": {
            "instrument": "doses",
            "fields": {"dose_no": "dose", "datetime": "when", "given_cells": "cells"},
        },
    },
}  # fmt: skip
DICTIONARY = "Variable / Field Name,Identifier?\nname,y\nidx,\n"
MAP_TOML = """record = "record_id"
[tables.participants.fields]
arm = "grp"
screen_fail_reason = "name"
"""


def rows():
    return list(csv.DictReader(io.StringIO(redcap_dictionary())))


def test_the_dictionary_has_the_18_columns_of_redcap():
    header = next(csv.reader(io.StringIO(redcap_dictionary())))
    assert tuple(header) == HEADER
    assert len(header) == 18
    assert header[5] == "Choices, Calculations, OR Slider Labels"


def test_every_column_of_every_table_is_one_field_of_its_form():
    fields = [(r["Form Name"], r["Variable / Field Name"]) for r in rows()]
    wanted = {
        (form_of(file), f"{form_of(file)}_{name}")
        for file, columns in TABLES.items()
        for name in columns
        if name != "participant_id"
    }
    assert set(fields[1:]) == wanted
    assert fields[0] == ("participants", "participant_id")
    assert len({name for _, name in fields}) == len(fields)


def test_types_limits_choices_and_identifiers_are_those_of_our_columns():
    field = {r["Variable / Field Name"]: r for r in rows()}
    sex = field["participants_sex"]
    choices = "Choices, Calculations, OR Slider Labels"
    assert (sex["Field Type"], sex[choices], sex["Required Field?"]) == (
        "radio", "M, M | F, F | U, U", "y",
    )  # fmt: skip
    check = "Text Validation Type OR Show Slider Number"
    age = field["participants_age_months"]
    assert (age[check], age["Text Validation Min"], age["Text Validation Max"]) == (
        "number", "0", "240",
    )  # fmt: skip
    assert field["participants_smn2_copies"][check] == "integer"
    assert field["participants_index_date"][check] == "date_ymd"
    secret = {name for name, r in field.items() if r["Identifier?"] == "y"}
    assert secret == {
        "participants_birth_date", "participants_screen_fail_reason", "recordings_operator",
    }  # fmt: skip


def test_an_export_becomes_our_tables():
    done = read_redcap(EXPORT, MAP)
    assert done.tables["participants.tsv"].splitlines()[1] == (
        "sub-01\tMSC\tM\t9.7\t2015-10-12\t2016-02-29\tRezaei, A."
    )
    assert done.tables["phenotype/exposures.tsv"].splitlines() == [
        "participant_id\tdose_no\tdatetime\tgiven_cells",
        "sub-01\t1\t2015-10-12\t2000000",
        "sub-01\t2\t2015-10-27\t5000000",
    ]


def test_fields_that_the_project_calls_identifiers_are_dropped():
    done = read_redcap(EXPORT, MAP, DICTIONARY)
    assert done.dropped == ("name",)
    assert all("Rezaei" not in text and "Karimi" not in text for text in done.tables.values())
    assert "screen_fail_reason" not in done.tables["participants.tsv"]


def test_fields_that_the_map_does_not_name_are_told():
    some = {"record": "record_id", "tables": {"participants": {"fields": {"arm": "grp"}}}}
    assert "sex_c" in read_redcap(EXPORT, some).unused
    assert not [name for name in read_redcap(EXPORT, some).unused if name.startswith("redcap_")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"record": "recordid"}, "record names the field 'recordid'.*did you mean record_id"),
        ({"tables": {"participant": {"fields": {}}}}, "unknown table 'participant'"),
        ({"tables": {"csf": {"fields": {"metod": "grp"}}}}, "csf has no column 'metod'"),
        ({"tables": {"csf": {"fields": {"method": "gpr"}}}}, "field 'gpr'.*did you mean grp"),
    ],
)
def test_what_the_map_names_and_is_not_there_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        read_redcap(EXPORT, MAP | change)


def test_a_line_without_a_record_and_a_foreign_dictionary_are_refused():
    with pytest.raises(ParameterError, match="a line without 'record_id'"):
        read_redcap(EXPORT.replace("\n02,", "\n,"), MAP)
    with pytest.raises(ParameterError, match="the dictionary needs the columns"):
        read_redcap(EXPORT, MAP, "a,b\n1,2\n")


def test_the_commands_write_the_dictionary_and_the_tables(tmp_path):
    def call(*arguments):
        return CliRunner().invoke(main, [*map(str, arguments)])

    done = call("redcap-dictionary", tmp_path / "dictionary.csv")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "dictionary.csv").read_text("utf-8") == redcap_dictionary()
    (tmp_path / "export.csv").write_text(EXPORT, "utf-8")
    (tmp_path / "map.toml").write_text(MAP_TOML, "utf-8")
    (tmp_path / "project.csv").write_text(DICTIONARY, "utf-8")
    arguments = ["import-redcap", tmp_path / "export.csv", tmp_path / "map.toml",
                 tmp_path / "study", "--dictionary", tmp_path / "project.csv"]  # fmt: skip
    done = call(*arguments)
    assert done.exit_code == 0, done.output
    table = (tmp_path / "study" / "participants.tsv").read_text("utf-8")
    assert table == "participant_id\tarm\nsub-01\t1\nsub-02\t2\n"
    assert "dropped, an identifier: name" in done.stderr
    assert call(*arguments).exit_code == 2  # never over a table that is there
