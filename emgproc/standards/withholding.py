"""Ways to reach a person, and days of birth, taken out of all that is told of a study."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel

from emgproc.standards.datasets_text import withheld
from emgproc.study import Study

Clean: TypeAlias = Callable[[str], str]
_Held = TypeVar("_Held")


def births_of(study: Study) -> set[date]:
    """Days of birth that the study knows."""
    return {p.birth_date for p in study.participants if p.birth_date is not None}


def cleaner(births: Collection[date] = ()) -> Clean:
    """Return what takes e-mail addresses, telephone numbers and these days out of a text.

    Examples
    --------
    >>> cleaner()("ask a.b@c.org or +98 21 5555 0173")
    'ask [e-mail] or [telephone]'
    """
    return lambda text: withheld(text, dates=False, births=births)


def masked(held: _Held, clean: Clean) -> _Held:
    """The same frozen value with every text in it cleaned, however deep it stands.

    Examples
    --------
    >>> masked(("a@b.org", 1, {"k": ["c@d.org"]}), cleaner())
    ('[e-mail]', 1, {'k': ['[e-mail]']})
    """
    return _masked(held, clean)  # type: ignore[no-any-return] # as it came, by its own kind


def _masked(held: Any, clean: Clean) -> Any:  # noqa: ANN401 - any field of a frozen value
    if type(held) is str:  # no number that is kept as it was written
        return clean(held)
    if isinstance(held, BaseModel):
        names = type(held).model_fields
        return held.model_copy(update={n: _masked(getattr(held, n), clean) for n in names})
    if is_dataclass(held) and not isinstance(held, type):
        return replace(
            held, **{f.name: _masked(getattr(held, f.name), clean) for f in fields(held)}
        )
    if isinstance(held, Mapping):
        return {key: _masked(item, clean) for key, item in held.items()}
    if isinstance(held, list | tuple):
        return type(held)(_masked(item, clean) for item in held)
    return held
