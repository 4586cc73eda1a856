"""The report of one study: a single HTML file that needs no network."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from emgproc import __version__
from emgproc.outcome.model import Outcome
from emgproc.report import wording
from emgproc.report.trial_table import INFANT, WHERE, css_string, exact, shown
from emgproc.report.trial_tables import trial_tables, write_tables
from emgproc.standards.lock import LockState, lock_state
from emgproc.standards.withholding import births_of, cleaner, masked
from emgproc.study.model import Study
from emgproc.study.visit_table import RecordingFailure, VisitValue
from emgproc.writers import write_text

if TYPE_CHECKING:
    from emgproc.report.trial_pictures import Picture

_PARTS = ("page.html.j2", "page.py", "drawing.py", "figures.py", "wording.py")
_LIBRARIES = ("numpy", "scipy", "numba", "mne", "h5py")
_TABLES = (
    "participants.tsv",
    "visits.tsv",
    "recordings.tsv",
    "phenotype/exposures.tsv",
    "phenotype/clinical_events.tsv",
    "phenotype/csf.tsv",
    "phenotype/measurements.tsv",
)


def write_report(  # noqa: PLR0913 - the one beyond is keyword-only
    outcome: Outcome,
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    out: str | Path,
    *,
    notice: str = "",
) -> Path:
    """Write `OUT/report/index.html` and `OUT/report/tables`, and return the path of the page.

    A page that is there already, whole and made from the same input by the same versions, stays;
    so does each table that is the same.

    Parameters
    ----------
    outcome, study, values, failures
        What was analysed, of which study, from which values, and the recordings that gave none.
    out
        The results folder.
    notice
        What the whole page stands under, e.g. that labels are scrambled.

    Raises
    ------
    StoreError
        The study's lock is damaged.
    WriteError
        The file cannot be written; a report that stood there before still stands.
    """
    path = Path(out) / "report" / "index.html"
    tables = trial_tables(outcome, study, failures)
    write_tables(path.parent / "tables", tables, _mark(values, notice))
    key = _key(outcome, study, values, failures, notice=notice)
    if not _stands(path, key):
        page = report_text(outcome, study, values, failures, notice=notice)
        write_text(path, page + _seal(page.encode(), key))
    return path


def report_text(
    outcome: Outcome,
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    *,
    notice: str = "",
) -> str:
    """Return the report as HTML; the same input gives the same bytes.

    Where a value is flagged `synthetic`, the title and a banner say so. The statement about the
    study's lock stands at the top and, printed, at the foot of every page; so does `notice`.
    E-mail addresses, telephone numbers and days of birth stand nowhere on it.
    """
    identity, clean = _identity(study, values), cleaner(births_of(study))
    lock = masked(lock_state(study), clean)
    outcome, study = masked(outcome, clean), masked(study, clean)
    tables = trial_tables(outcome, study, failures)
    return _template().render(
        outcome=outcome,
        protocol=study.protocol,
        synthetic=_synthetic(values),
        footer=_footer(values, notice, lock),
        notice=notice,
        lock=lock,
        headline=wording.headline(outcome),
        effect_sentence=wording.effect_sentence(outcome.primary.effect),
        participants_sentence=wording.participants_sentence(outcome),
        happened=wording.what_happened(outcome),
        limits=wording.limits(outcome, study.protocol.design.allocation),
        tables=[table for table in tables if table.id.startswith("T")],
        listings=[table for table in tables if table.id.startswith("L")],
        problems=study.warnings(),
        pictures=_pictures(outcome, study),
        identity=identity,
    )


def _template() -> jinja2.Template:
    template = files("emgproc.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "sentence": wording.sentence,
        "minus": wording.true_minus,
        "shown": shown,
        "exact": exact,
        "css_string": css_string,
    }
    environment.globals |= {"INFANT": INFANT, "WHERE": WHERE}
    return environment.from_string(template)


def _key(
    outcome: Outcome,
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    *,
    notice: str,
) -> str:
    """Digest of everything that the page shows or is made with."""
    made_with = [
        (part.name, part.read_text(encoding="utf-8"))
        for part in sorted(files("emgproc.report").iterdir(), key=lambda part: part.name)
        if part.name in _PARTS or part.name.startswith("trial_")
    ]
    tables = trial_tables(outcome, study, failures)
    told = [
        outcome.to_dict(),
        repr(tables),
        [str(problem) for problem in study.warnings()],
        _identity(study, values),
        _synthetic(values),
        notice,
        lock_state(study).statement,
        importlib.metadata.version("matplotlib"),
        made_with,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _seal(page: bytes, key: str) -> str:
    """Last line of the page: the key of its input and the digest of all that stands before it."""
    return f"<!-- emgproc {key} {hashlib.sha256(page).hexdigest()} -->\n"


def _stands(path: Path, key: str) -> bool:
    """Tell whether the page at `path` is whole and was made from the input of this key."""
    if not path.is_file():
        return False
    page, mark, seal = path.read_bytes().rpartition(b"<!-- emgproc ")
    return mark + seal == _seal(page, key).encode()


def _mark(values: Sequence[VisitValue], notice: str) -> str:
    """What every page and every table must say first; empty where there is nothing."""
    said = [notice, "SYNTHETIC DATA: not about real infants" if _synthetic(values) else ""]
    return ". ".join(part for part in said if part)


def _footer(values: Sequence[VisitValue], notice: str, lock: LockState) -> str:
    """What stands at the foot of every printed page."""
    mark = _mark(values, notice)
    return f"{mark}. {lock.statement}" if mark else lock.statement


def _synthetic(values: Sequence[VisitValue]) -> bool:
    return any("synthetic" in value.flags for value in values)


def _pictures(outcome: Outcome, study: Study) -> "tuple[Picture, ...]":
    from emgproc.report.trial_pictures import trial_pictures  # loads matplotlib

    return trial_pictures(outcome, study)


def _identity(study: Study, values: Sequence[VisitValue]) -> dict[str, Any]:
    """Versions and SHA-256 of everything the numbers depend on."""
    plans = [p for p in study.protocol.plans.model_dump().values() if p]
    names = ["study.toml", *plans, *_TABLES]
    found = {name: study.root / name for name in names if (study.root / name).is_file()}
    numbers = json.dumps([[v.recording_id, v.channel, v.feature, repr(v.value)] for v in values])
    return {
        "decided": {
            "seed": study.protocol.analysis.seed,
            "lock (SHA-256 of what was locked)": lock_state(study).digest or "none: not locked",
        },
        "versions": {
            "emgproc": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "hashes": {
            **{n: hashlib.sha256(path.read_bytes()).hexdigest() for n, path in found.items()},
            "values (group/visit_values.tsv, content)": hashlib.sha256(
                numbers.encode()
            ).hexdigest(),
        },
    }
