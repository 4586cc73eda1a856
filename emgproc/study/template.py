"""Protocols shipped with the package, as text to start a study from."""

from importlib.resources import files

from emgproc.errors import ParameterError
from emgproc.study.labels import nearest


def template_names() -> tuple[str, ...]:
    """Names of the protocols shipped, sorted."""
    folder = files("emgproc.study") / "templates"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def template_toml(name: str = "") -> str:
    """Text of a shipped `study.toml`.

    Parameters
    ----------
    name
        One of `template_names()`; the first of them where none is named.

    Raises
    ------
    ParameterError
        No such protocol is shipped.
    """
    names = template_names()
    chosen = name or names[0]
    if chosen not in names:
        known = ", ".join(names)
        hint = nearest(chosen, names)
        raise ParameterError(f"no protocol {chosen!r} is shipped (known: {known}){hint}")
    path = files("emgproc.study") / "templates" / f"{chosen}.toml"
    return path.read_text(encoding="utf-8")
