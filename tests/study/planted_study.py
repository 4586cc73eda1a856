"""The sample study with every error planted, and where each of them stands.

One study cannot have all: without recordings.tsv (E054), or in a table that lacks a column (E002),
no line can be wrong, and a protocol with errors (E007, E008, E070) is not held against its
registry entry (W117, W119, W124). These stand in `the_rest`.
W109 is told by the analysis, which alone knows who is evaluable.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from code_changes import CSF, DOSES, EVENTS, MEASURED, PEOPLE, RECS, TOML, VISITS
from study_builder import StudyFolder, tsv

TABLES = (PEOPLE, VISITS, RECS, DOSES, EVENTS, CSF, MEASURED)


@dataclass
class Planted:
    """A study to write, and (code, file, line or row, column) of each error planted in it."""

    folder: StudyFolder
    plants: list[tuple] = field(default_factory=list)

    def at(self, code, table, row, column, **cells):
        """Change a row, in which `column` then gives `code`."""
        row.update(cells)
        self.plants.append((code, table, row, column))

    def add(self, code, table, like, column, **cells):
        """Append a changed copy of a row."""
        self.folder.tables[table].append({**like, **cells})
        self.plants.append((code, table, self.folder.tables[table][-1], column))

    def key(self, code, column, old, new):
        """Change study.toml, in which the key `column` then gives `code`."""
        self.folder.replace(old, new)
        self.plants.append((code, TOML, None, column))

    def row(self, table, **where):
        return self.folder.row(table, **where)

    def places(self):
        """(code, file, line, column) of every plant; the line of a key is that of its text."""
        return [
            (code, file, self._line(file, row), column) for code, file, row, column in self.plants
        ]

    def _line(self, file, row):
        if not isinstance(row, dict):
            return row
        return 2 + next(n for n, other in enumerate(self.folder.tables[file]) if other is row)


def sample(root: Path) -> Planted:
    """The sample study; its recordings are empty files, which no check opens."""
    tables = {file: rows_of(root / file) for file in TABLES}
    for row in tables[RECS]:
        row["sha256"] = "n/a"
    files = {str(row["file"]): b"" for row in tables[RECS]}
    toml = (root / "study.toml").read_text(encoding="utf-8")
    return Planted(StudyFolder(toml, tables, files))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def everything(root: Path) -> Planted:
    """Every error, and every warning, that can stand beside the others."""
    study = sample(root)
    for plant in (protocol, people, visits, recordings, doses, events, fluid, measured):
        plant(study)
    return study


def protocol(study):
    study.plants.append(("W125", TOML, 0, ""))
    study.key("E006", "plans.needle", "[plans]\n", '[plans]\nneedle = "none.toml"\n')
    study.key("E007", "analysis.alfa", "alpha = 0.05", "alfa = 0.05")
    study.plants.append(("E008", TOML, None, "analysis.alpha"))
    study.key("E009", "protocol_note", 'id = "C2"', 'id = "C1"')
    study.key("E070", "primary.feature", 'feature = "tone_primary_v1"\n', "")
    study.key("W118", "visit[1].control_anchor_day", "_day = 29", "_day = 30")


def people(study):
    one = {n: study.row(PEOPLE, participant_id=f"sub-{n:02d}") for n in range(1, 11)}
    study.at("E024", PEOPLE, one[1], "genetic_confirm", genetic_confirm="NK")
    study.at("W107", PEOPLE, one[2], "genetic_confirm", genetic_confirm="n/a")
    study.at("W102", PEOPLE, one[3], "age_months", age_months="12.0")
    study.at("W111", PEOPLE, one[4], "crit_I02", crit_I02="N")
    study.at("W123", PEOPLE, one[5], "crit_X03", crit_X03="Y")
    study.at("E022", PEOPLE, one[6], "last_contact_date", last_contact_date="2017-01-01")
    study.at("E061", PEOPLE, one[7], "age_months", age_months="13")
    study.at("E060", PEOPLE, one[9], "age_months", birth_date="2014-01-01")
    study.add("E003", PEOPLE, one[1], "sex", participant_id="sub-11", sex="n/a")
    study.add("E010", PEOPLE, one[1], "arm", participant_id="sub-12", arm="MCS")
    study.add("E011", PEOPLE, one[10], "participant_id")
    study.add("W103", PEOPLE, one[1], "arm", participant_id="sub-13")
    study.plants[-1] = ("W103", PEOPLE, 0, "arm")  # six of five planned


def visits(study):
    baseline = study.row(VISITS, participant_id="sub-02", session_id="ses-baseline")
    study.at("E023", VISITS, baseline, "date", date="2015-08-01")
    study.plants.append(("W101", VISITS, baseline, "date"))
    study.add("E012", VISITS, baseline, "participant_id", participant_id="sub-99")
    study.folder.drop(VISITS, participant_id="sub-10", session_id="ses-month3")


def recordings(study):
    folder = study.folder

    def rows(who, session):
        return folder.rows(RECS, participant_id=f"sub-{who:02d}", session_id=f"ses-{session}")

    study.at("E013", RECS, rows(10, "month3")[0], "session_id")
    study.at("E014", RECS, rows(4, "post")[0], "retest_of", retest_of="none")
    study.at("W112", RECS, rows(2, "baseline")[0], "start")
    folder.drop(RECS, participant_id="sub-05", session_id="ses-baseline")
    five = study.row(PEOPLE, participant_id="sub-05")
    study.plants.append(("E040", PEOPLE, five, "participant_id"))
    for session, kept in (("baseline", "biceps_brachii"), ("month3", "tibialis_anterior")):
        for row in rows(3, session):
            if row["muscle"] != kept:
                folder.tables[RECS].remove(row)
    study.at("E041", RECS, rows(3, "month3")[0], "muscle")
    del folder.files[rows(1, "post")[0]["file"]]
    study.at("E050", RECS, rows(1, "post")[0], "file")
    study.at("E051", RECS, rows(6, "post")[0], "file", file="../x.edf")
    study.at("E052", RECS, rows(2, "post")[1], "channel", channel="n/a")
    study.at("E053", RECS, rows(2, "month3")[1], "task", task="stim")
    for row in rows(9, "post"):
        row["file"] = rows(9, "baseline")[0]["file"]
    study.at("W105", RECS, rows(9, "post")[0], "file")
    for row in rows(9, "month3"):
        row["qc_manual"] = "fail"
    study.at("W110", RECS, rows(9, "month3")[0], "qc_manual")
    study.at("W116", RECS, rows(1, "baseline")[0], "muscle", muscle="Biceps brachii")


def doses(study):
    def dose(who, number):
        return study.row(DOSES, participant_id=f"sub-{who:02d}", dose_no=str(number))

    study.add("E030", DOSES, dose(1, 1), "participant_id", participant_id="sub-04")
    study.at("E031", DOSES, dose(3, 2), "datetime", datetime="2015-11-23T09:00:00")
    study.plants.append(("W113", DOSES, dose(3, 2), "datetime"))
    study.at("E032", DOSES, dose(5, 1), "given_cells", given_cells="1000000")
    study.at("E034", DOSES, dose(7, 1), "datetime", datetime="2016-02-16T10:00:00")
    study.at("W115", DOSES, dose(7, 2), "route", route="intravenous")
    study.at("W120", DOSES, dose(7, 3), "release_qc", release_qc="fail")
    study.folder.drop(DOSES, participant_id="sub-09", dose_no="3")
    nine = study.row(PEOPLE, participant_id="sub-09")
    study.plants.append(("W114", PEOPLE, nine, "participant_id"))


def events(study):
    fever = study.row(EVENTS, participant_id="sub-09")
    study.add("E004", EVENTS, fever, "grade", event_id="09-2", grade="6")
    study.add("E020", EVENTS, fever, "end", event_id="09-3", end="2016-03-01")
    study.add(
        "E021", EVENTS, fever, "start", event_id="08-2", participant_id="sub-08",
        start="2016-04-10", end="n/a",
    )  # fmt: skip
    study.add(
        "E062", EVENTS, fever, "start", event_id="10-1", participant_id="sub-10", kind="death",
        start="2016-06-01", end="n/a",
    )  # fmt: skip
    study.add("W106", EVENTS, fever, "grade", event_id="02-1", participant_id="sub-02", grade="5")
    therapy = study.row(EVENTS, participant_id="sub-06")
    study.add("W122", EVENTS, therapy, "term", event_id="06-2", term="gene therapy")


def fluid(study):
    sample = study.row(CSF, participant_id="sub-01")
    study.at("W121", CSF, sample, "date", date="2015-11-01")
    study.add("W108", CSF, sample, "participant_id", participant_id="sub-04")
    study.folder.tables[CSF][0]["volum_ml"] = "2"
    study.plants.append(("E001", CSF, 1, "volum_ml"))
    long = len(study.folder.tables[CSF]) + 2
    line = "\t".join(["sub-03", "2015-12-22", "2", "qPCR", "STR", "neg", "2", "one", "more"])
    study.folder.raw[CSF] = (tsv(study.folder.tables[CSF]) + line + "\n").encode()
    study.plants.append(("E005", CSF, long, ""))


def measured(study):
    row = study.row(MEASURED, participant_id="sub-01", session_id="ses-post", nerve="tibial")
    study.at("W104", MEASURED, row, "value", value="725")


def the_rest(root: Path) -> Planted:
    """What cannot stand beside the others."""
    study = sample(root)
    del study.folder.tables[RECS]
    study.folder.files.clear()
    study.plants.append(("E054", RECS, 0, ""))
    for row in study.folder.tables[MEASURED]:
        del row["source"]
    study.plants.append(("E002", MEASURED, 1, "source"))
    study.key("W117", "study.phase", 'phase = "2"\ncondition', 'phase = "1-2"\ncondition')
    study.key("W119", "study.rationale", 'rationale = "Currently', 'rationale = "a@b.org')
    study.key("W124", "registry.actual_end", 'actual_end = "empty"', 'actual_end = "2015-01-01"')
    study.folder.replace('actual_start = "empty"', 'actual_start = "2015-02-01"')
    return study
