"""A small valid study to break on purpose: 2 treated and 2 control infants, 3 visits each."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from emgproc.study import check_study, template_toml

MUSCLES = ("biceps_brachii", "tibialis_anterior")
INDEX = date(2015, 11, 2)
DAYS = {"ses-baseline": -3, "ses-post": 29, "ses-month3": 120}


@dataclass
class StudyFolder:
    """The text of study.toml, the tables as rows, and the recordings' bytes."""

    toml: str
    tables: dict[str, list[dict[str, object]]]
    files: dict[str, bytes]
    raw: dict[str, bytes] = field(default_factory=dict)

    def replace(self, old: str, new: str) -> None:
        assert old in self.toml, old
        self.toml = self.toml.replace(old, new)

    def row(self, table: str, **where: object) -> dict[str, object]:
        rows = self.tables[table]
        return next(r for r in rows if all(r[key] == value for key, value in where.items()))

    def rows(self, table: str, **where: object) -> list[dict[str, object]]:
        rows = self.tables[table]
        return [r for r in rows if all(r[key] == value for key, value in where.items())]

    def drop(self, table: str, **where: object) -> None:
        gone = self.rows(table, **where)
        self.tables[table] = [row for row in self.tables[table] if row not in gone]

    def write(self, root: Path) -> Path:
        root.mkdir(parents=True, exist_ok=True)
        (root / "phenotype").mkdir(exist_ok=True)
        (root / "study.toml").write_text(self.toml, encoding="utf-8")
        (root / "plan.toml").write_text("schema = 1\n", encoding="utf-8")
        for file, rows in self.tables.items():
            (root / file).write_text(tsv(rows), encoding="utf-8")
        for file, content in {**self.files, **self.raw}.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(content)
        return root


def tsv(rows: list[dict[str, object]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([str(row.get(name, "n/a")) for name in columns] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def told(folder: StudyFolder, root: Path) -> list[tuple[str, str, str]]:
    """(code, file, column) of every problem of the study, once written."""
    return [(p.code, p.file, p.column) for p in check_study(folder.write(root))]


def changed(folder: StudyFolder, root: Path, *changes) -> list[tuple[str, str, str]]:
    """Change the study, then as `told`."""
    for change in changes:
        change(folder)
    return told(folder, root)


def on_day(day: int) -> date:
    """Date of a study day; day 1 is the index date and there is no day 0."""
    return INDEX + timedelta(days=day - 1 if day > 0 else day)


def tiny() -> StudyFolder:
    """A study in which nothing is wrong."""
    toml = template_toml().replace("planned_n = 10", "planned_n = 4")
    toml = toml.replace("planned_n = 5", "planned_n = 2").replace(
        'sides = ["L", "R"]', 'sides = ["L"]'
    )
    tables: dict[str, list[dict[str, object]]] = {
        "participants.tsv": [],
        "visits.tsv": [],
        "recordings.tsv": [],
        "phenotype/exposures.tsv": [],
        "phenotype/clinical_events.tsv": [],
        "phenotype/csf.tsv": [],
        "phenotype/measurements.tsv": [],
    }
    files: dict[str, bytes] = {}
    for who, arm in (("sub-01", "MSC"), ("sub-02", "MSC"), ("sub-03", "CTRL"), ("sub-04", "CTRL")):
        tables["participants.tsv"].append(_participant(who, arm))
        for session, day in DAYS.items():
            _add_visit(tables, files, who, session, on_day(day))
        if arm == "MSC":
            tables["phenotype/exposures.tsv"] += [
                _dose(who, number, day, cells)
                for number, day, cells in ((1, 1, "2e6"), (2, 15, "5e6"), (3, 29, "1e7"))
            ]
    tables["phenotype/clinical_events.tsv"].append(
        {
            "participant_id": "sub-01", "event_id": "e1", "kind": "ae", "term": "fever",
            "start": on_day(2), "end": on_day(3), "grade": 1, "serious": "N",
            "related": "possible",
        }
    )  # fmt: skip
    tables["phenotype/csf.tsv"].append(
        {"participant_id": "sub-01", "date": on_day(29), "method": "qPCR", "result": "neg"}
    )
    tables["phenotype/measurements.tsv"].append(
        {
            "participant_id": "sub-01", "session_id": "ses-baseline",
            "muscle": "abductor_hallucis", "side": "L", "nerve": "tibial",
            "measure": "cmap_amp_mv", "value": 0.56, "absent": "N", "source": "device_report",
        }
    )  # fmt: skip
    return StudyFolder(toml, tables, files)


def _participant(who: str, arm: str) -> dict[str, object]:
    return {
        "participant_id": who, "arm": arm, "age_months": 8.5, "sex": "F", "index_date": INDEX,
        "consent_date": on_day(-10), "genetic_confirm": "Y", "genetic_date": on_day(-30),
        "enrolled": "Y", "death_date": "n/a", "last_contact_date": on_day(130), "crit_I02": "Y",
        "crit_X04": "N",
    }  # fmt: skip


def _dose(who: str, number: int, day: int, cells: str) -> dict[str, object]:
    return {
        "participant_id": who, "dose_no": number, "datetime": f"{on_day(day)}T10:00:00",
        "planned_cells": cells, "given_cells": cells, "route": "intrathecal", "interrupted": "N",
    }  # fmt: skip


def _add_visit(tables, files, who: str, session: str, day: date) -> None:
    tables["visits.tsv"].append(
        {"participant_id": who, "session_id": session, "date": day, "status": "done"}
    )
    file = f"{who}/{session}/emg/{who}_{session}_task-rest_emg.edf"
    files[file] = file.encode()
    tables["recordings.tsv"] += [
        {
            "recording_id": f"{who}_{session}", "participant_id": who, "session_id": session,
            "start": f"{day}T15:00:00", "file": file, "sha256": "n/a", "muscle": muscle,
            "side": "L", "modality": "semg", "task": "rest", "channel": f"EMG {muscle}",
            "qc_manual": "n/a", "retest_of": "n/a",
        }
        for muscle in MUSCLES
    ]  # fmt: skip
