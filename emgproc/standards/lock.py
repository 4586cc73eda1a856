"""The lock of an analysis: what was fixed, when, by whom, and what of the data was known then."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emgproc.errors import ParameterError, StoreError
from emgproc.standards.audit_time import utc_now
from emgproc.standards.lock_content import changes_between, digest_of, locked_content
from emgproc.standards.lock_data import data_state
from emgproc.study import Study
from emgproc.writers import write_text

LOCK_FILE = "lock.json"
SCHEMA = 1
NOT_LOCKED = "not locked: nothing proves that this analysis was fixed before the data were seen"


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether an analysis is locked and still what it was then.

    Attributes
    ----------
    locked
        The study has a lock.
    changed_keys
        Dotted keys of study.toml, `plans.<kind>`, `version` or `seed` that differ from the lock;
        `lock.json` where the lock itself was edited.
    statement
        What every page says of it; begins with POST HOC where anything differs.
    digest
        sha256 of what was locked; empty without a lock.
    blinded
        Only scrambled labels may be analysed: nobody has unblinded the study yet.
    """

    locked: bool
    changed_keys: tuple[str, ...]
    statement: str
    digest: str = ""
    blinded: bool = False


def lock_study(  # noqa: PLR0913 - all beyond the first are keyword-only
    study: Study,
    *,
    by: str,
    out: str | Path | None = None,
    again: bool = False,
    reason: str = "",
    blinded: bool = False,
) -> LockState:
    """Write `lock.json` into the study folder.

    Parameters
    ----------
    study
        A checked study.
    by
        Who locks, as the person wants to be named.
    out
        The results folder, if there is one: the lock states what was computed in it already.
    again, reason
        Replace a lock that is there; it stays on record in the new one, with the reason.
    blinded
        Until `unblind_study`, arms and visits are analysed under scrambled labels only.

    Raises
    ------
    ParameterError
        `by` is empty; the study is locked already and `again` is not set; `again` without a
        reason, without a lock to replace, or without `blinded` while that lock is blinded.
    StoreError
        The lock that is there is damaged.
    PlanError, ReadError
        A plan, or study.toml, cannot be read.
    WriteError
        The file cannot be written.
    """
    if not by.strip():
        raise ParameterError("a lock needs the name of who locks: --by NAME")
    before = _read_lock(study)
    _check_again(study, before, again=again, reason=reason)
    if before is not None and _is_blinded(before) and not blinded:
        raise ParameterError(
            f"{study.root / LOCK_FILE}: the study is blinded; lock it again blinded, or unblind it"
        )
    content = locked_content(study)
    lock: dict[str, Any] = {
        "schema": SCHEMA,
        "digest": digest_of(content),
        "locked": content,
        "at": utc_now(),
        "by": by.strip(),
        "data_state": data_state(study, out),
        "blinded": blinded,
        "unblinded": None,
        "reason": reason.strip(),
        "earlier": [] if before is None else [*before["earlier"], _remembered(before)],
    }
    return _written(study, lock)


def unblind_study(
    study: Study, *, by: str, reason: str, out: str | Path | None = None
) -> LockState:
    """Record in a blinded lock that the arms may be told apart from now on, by whom and why.

    Parameters
    ----------
    study
        A checked study with a blinded lock.
    by, reason
        Who unblinds, and why now.
    out
        The results folder, as in `lock_study`: what was computed before is stated.

    Raises
    ------
    ParameterError
        `by` or `reason` is empty; there is no lock, it is not blinded, it was unblinded before,
        or it was edited.
    StoreError
        The lock is damaged.
    WriteError
        The file cannot be written.
    """
    lock, path = _read_lock(study), study.root / LOCK_FILE
    if not (by.strip() and reason.strip()):
        raise ParameterError("unblinding needs who does it and why: --by NAME --reason TEXT")
    if lock is None or not lock.get("blinded"):
        raise ParameterError(f"{path}: there is no blinded lock; nothing to unblind")
    if lock["unblinded"] is not None:
        raise ParameterError(f"{path}: was unblinded at {lock['unblinded']['at']} already")
    if not _untouched(lock):
        raise ParameterError(f"{path}: was edited after it was written; restore it first")
    lock["unblinded"] = {
        "at": utc_now(),
        "by": by.strip(),
        "reason": reason.strip(),
        "data_state": data_state(study, out),
    }
    return _written(study, lock)


def check_blinding(state: LockState, *, scrambled: bool) -> None:
    """Refuse an analysis of the real labels of a study that is blinded.

    Raises
    ------
    ParameterError
        The lock is blinded and labels are not scrambled.
    """
    if state.blinded and not scrambled:
        raise ParameterError(
            "the study is blinded: analyse scrambled labels (--scrambled SEED), compute "
            "recordings alone (participant), or unblind it (emgproc lock STUDY --unblind --by "
            "NAME --reason TEXT)"
        )


def _written(study: Study, lock: dict[str, Any]) -> LockState:
    """Seal a lock and write it."""
    lock["seal"] = digest_of({key: value for key, value in lock.items() if key != "seal"})
    write_text(study.root / LOCK_FILE, json.dumps(lock, indent=1, ensure_ascii=False) + "\n")
    return lock_state(study)


def _is_blinded(lock: dict[str, Any]) -> bool:
    return bool(lock.get("blinded")) and lock["unblinded"] is None


def lock_state(study: Study) -> LockState:
    """Compare a study with its lock.

    Raises
    ------
    StoreError
        lock.json is there and is no lock.
    PlanError, ReadError
        A plan, or study.toml, cannot be read.
    """
    lock = _read_lock(study)
    if lock is None:
        return LockState(locked=False, changed_keys=(), statement=NOT_LOCKED)
    found = changes_between(lock["locked"], locked_content(study))
    if not _untouched(lock):
        found = {LOCK_FILE: "edited after it was written"} | found
    told = f"lock of {lock['at']} by {lock['by']}, sha256 {lock['digest']}"
    history = _history(lock)
    if found:
        number = f"{len(found)} key{'s' if len(found) > 1 else ''} changed"
        listed = "; ".join(f"{key} ({change})" for key, change in found.items())
        statement = f"POST HOC: {number} since the {told}: {listed}. {history}"
    else:
        statement = f"Locked: {told}; nothing that decides a number changed since. {history}"
    return LockState(
        locked=True,
        changed_keys=tuple(found),
        statement=statement,
        digest=lock["digest"],
        blinded=_is_blinded(lock),
    )


def _history(lock: dict[str, Any]) -> str:
    told = f"State of the data when it was locked: {lock['data_state']}."
    if _is_blinded(lock):
        told += " Blinded: only scrambled labels may be analysed."
    elif lock.get("blinded"):
        opened = lock["unblinded"]
        told += (
            f" Unblinded at {opened['at']} by {opened['by']}; reason: {opened['reason']}; state "
            f"of the data then: {opened['data_state']}."
        )
    if lock["earlier"]:
        last = lock["earlier"][-1]
        told += (
            f" It replaced the lock of {last['at']} by {last['by']} (number "
            f"{len(lock['earlier'])}); reason: {lock['reason']}."
        )
    return told


def _remembered(lock: dict[str, Any]) -> dict[str, Any]:
    """The earlier lock whole, without those that it remembers itself."""
    return {key: value for key, value in lock.items() if key not in {"schema", "earlier"}}


def _check_again(study: Study, before: dict[str, Any] | None, *, again: bool, reason: str) -> None:
    if before is None:
        if again:
            raise ParameterError(f"{study.root}: is not locked yet; leave --again out")
        return
    if not again:
        raise ParameterError(
            f"{study.root / LOCK_FILE}: locked {before['at']} by {before['by']}; to replace it, "
            "state --again and --reason TEXT: both stay on record"
        )
    if not reason.strip():
        raise ParameterError("a lock is replaced for a reason; state it: --reason TEXT")


def _untouched(lock: dict[str, Any]) -> bool:
    content = {key: value for key, value in lock.items() if key != "seal"}
    sealed = {"seal": digest_of(content), "digest": digest_of(lock["locked"])}
    return {key: lock[key] for key in sealed} == sealed


def _read_lock(study: Study) -> dict[str, Any] | None:
    path = study.root / LOCK_FILE
    if not path.exists():
        return None
    try:
        lock: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if lock["schema"] != SCHEMA:
            raise ValueError(f"schema {lock['schema']!r}, not {SCHEMA}")
        told = [lock[key] for key in ("digest", "at", "by", "data_state", "reason", "seal")]
        held, earlier = lock["locked"], lock["earlier"]
        if not all(isinstance(text, str) for text in told) or not isinstance(earlier, list):
            raise TypeError("a field is no text")
        changes_between(held, held)
        _history(lock)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{path}: is no lock ({error!r}); restore it, or move it away and lock anew"
        ) from error
    return lock
