"""From raw EMG recordings to motor-unit features and the muscle-tone outcome of a clinical trial.

Names are loaded when first used (PEP 562), so that `import emgproc` costs little more than NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emgproc import features, motor_units, needle, preprocessing, simulate, stats, stimulation
    from emgproc.plan import FeatureSet, Plan, extract, load_plan
    from emgproc.readers import from_mne, open_recording, read_recording
    from emgproc.recording import Auxiliary, Channel, Event, Grid, Provenance, Recording, Segment
    from emgproc.run import run
    from emgproc.study import Study, check_study, load_study
    from emgproc.writers import write_recording

__version__ = "0.1.0"

_HOMES = {
    "Auxiliary": "recording",
    "Channel": "recording",
    "Event": "recording",
    "FeatureSet": "plan",
    "Grid": "recording",
    "Plan": "plan",
    "Provenance": "recording",
    "Recording": "recording",
    "Segment": "recording",
    "Study": "study",
    "check_study": "study",
    "extract": "plan",
    "from_mne": "readers",
    "load_plan": "plan",
    "load_study": "study",
    "open_recording": "readers",
    "read_recording": "readers",
    "run": "run",
    "write_recording": "writers",
}
_MODULES = (
    "errors", "features", "motor_units", "needle", "outcome", "preprocessing", "simulate",
    "stats", "stimulation",
)  # fmt: skip

__all__ = [
    "Auxiliary", "Channel", "Event", "FeatureSet", "Grid", "Plan", "Provenance", "Recording",
    "Segment", "Study", "check_study", "extract", "features", "from_mne", "load_plan",
    "load_study", "motor_units", "needle", "open_recording", "preprocessing", "read_recording",
    "run", "simulate", "stats", "stimulation", "write_recording",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _MODULES:
        return importlib.import_module(f"emgproc.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(f"emgproc.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'emgproc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
