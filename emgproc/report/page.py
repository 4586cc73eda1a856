"""The report of one study: a single HTML file that needs no network."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from emgproc import __version__
from emgproc.outcome.model import Outcome, Pair
from emgproc.report import wording
from emgproc.standards.lock import lock_state
from emgproc.study.model import Study
from emgproc.study.visit_table import RecordingFailure, VisitValue
from emgproc.writers import write_text

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
    """Write `OUT/report/index.html` and return its path.

    A page that is there already, whole and made from the same input by the same versions, stays.

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
    key = _key(outcome, study, values, failures, notice=notice)
    if not _stands(path, key):
        path.parent.mkdir(parents=True, exist_ok=True)
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
    """
    template = files("emgproc.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": wording.number,
        "interval": wording.interval,
        "explained": wording.explained,
        "factor": wording.factor,
    }
    environment.globals["exact_p"] = wording.exact_p
    return environment.from_string(template).render(
        outcome=outcome,
        protocol=study.protocol,
        synthetic=_synthetic(values),
        failures=failures,
        notice=notice,
        lock=lock_state(study),
        headline=wording.headline(outcome),
        effect_sentence=wording.effect_sentence(outcome.primary.effect),
        participants_sentence=wording.participants_sentence(outcome),
        limits=wording.limits(outcome, study.protocol.design.allocation),
        unusable=[pair for pair in outcome.pairs if not pair.evaluable],
        usable=[pair for pair in outcome.pairs if pair.evaluable],
        noise=_noise_rows(outcome.pairs),
        problems=study.warnings(),
        pictures=_pictures(outcome),
        identity=_identity(study, values),
    )


def _key(
    outcome: Outcome,
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    *,
    notice: str,
) -> str:
    """Digest of everything that the page shows or is made with."""
    package = files("emgproc.report")
    made_with = [
        package.joinpath(name).read_text(encoding="utf-8")
        for name in ("page.html.j2", "page.py", "figures.py", "wording.py")
    ]
    shown = [
        outcome.to_dict(),
        [repr(failure) for failure in failures],
        [str(problem) for problem in study.warnings()],
        _identity(study, values),
        _synthetic(values),
        notice,
        lock_state(study).statement,
        importlib.metadata.version("matplotlib"),
        made_with,
    ]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _seal(page: bytes, key: str) -> str:
    """Last line of the page: the key of its input and the digest of all that stands before it."""
    return f"<!-- emgproc {key} {hashlib.sha256(page).hexdigest()} -->\n"


def _stands(path: Path, key: str) -> bool:
    """Tell whether the page at `path` is whole and was made from the input of this key."""
    if not path.is_file():
        return False
    page, mark, seal = path.read_bytes().rpartition(b"<!-- emgproc ")
    return mark + seal == _seal(page, key).encode()


def _synthetic(values: Sequence[VisitValue]) -> bool:
    return any("synthetic" in value.flags for value in values)


def _pictures(outcome: Outcome) -> dict[str, str]:
    """Return the figures that the numbers allow, by name."""
    from emgproc.report import figures

    drawn = {"changes": figures.changes_by_arm(outcome)}
    if any(i.change_ln is not None or i.change_post_ln is not None for i in outcome.infants):
        drawn["trajectories"] = figures.trajectories(outcome)
    primary = outcome.primary
    if primary.null is not None and primary.count is not None and primary.splits is not None:
        drawn["distribution"] = figures.exact_distribution(
            primary.null, primary.count, primary.splits
        )
    return drawn


def _noise_rows(pairs: Sequence[Pair]) -> list[tuple[str, str, float, int]]:
    """Participant, session, mean noise power over the muscles (µV²) and how many muscles."""
    powers: dict[tuple[str, str], list[float]] = {}
    for pair in pairs:
        for level in (pair.baseline, pair.visit):
            if level.noise_power_uv2 is not None:
                key = (pair.participant_id, level.session_id)
                powers.setdefault(key, []).append(level.noise_power_uv2)
    return [(*key, sum(found) / len(found), len(found)) for key, found in sorted(powers.items())]


def _identity(study: Study, values: Sequence[VisitValue]) -> dict[str, Any]:
    """Versions and SHA-256 of everything the numbers depend on."""
    plans = [p for p in study.protocol.plans.model_dump().values() if p]
    names = ["study.toml", *plans, *_TABLES]
    found = {name: study.root / name for name in names if (study.root / name).is_file()}
    numbers = json.dumps([[v.recording_id, v.channel, v.feature, repr(v.value)] for v in values])
    return {
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
