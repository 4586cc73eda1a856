"""The plan shipped with the package, as text to start one's own from."""

from importlib.resources import files


def plan_template_toml() -> str:
    """Text of the plan for surface EMG; `pipelines/surface.toml` is the same."""
    path = files("emgproc.plan") / "templates" / "surface.toml"
    return path.read_text(encoding="utf-8")
