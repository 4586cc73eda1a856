"""Keys that a table of a plan may hold, as pydantic defines fields."""

import inspect
import typing
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

from pydantic import Field

from emgproc.features import FeatureSpec


def dataclass_keys(kind: type) -> dict[str, Any]:
    """Pydantic's field definitions of a settings dataclass."""
    hints = typing.get_type_hints(kind)
    allowed: dict[str, Any] = {}
    for item in fields(kind):
        default: Any = item.default
        if item.default_factory is not MISSING:
            default = Field(default_factory=item.default_factory)
        allowed[item.name] = (hints[item.name], ... if default is MISSING else default)
    return allowed


def feature_keys(spec: FeatureSpec) -> dict[str, Any]:
    """Pydantic's field definitions of the parameters that a plan may set."""
    function = spec.function.func if isinstance(spec.function, partial) else spec.function
    hints = typing.get_type_hints(function)
    return {
        name: (hints[name], ... if default is inspect.Parameter.empty else default)
        for name, default in spec.parameters.items()
    }
