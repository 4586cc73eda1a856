"""Frozen results as dicts, lists, strings, numbers and None."""

import dataclasses
import math
from typing import Any


def plain_values(value: Any) -> Any:  # noqa: ANN401 - any field of a frozen result
    """Return `value` ready for JSON; a number that is not finite becomes None."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain_values(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain_values(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
