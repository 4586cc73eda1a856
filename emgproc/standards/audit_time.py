"""The one place that asks what time it is: where a time is the content of a record."""

import os
from datetime import UTC, datetime

from emgproc.errors import ParameterError


def utc_now() -> str:
    """Return the time, UTC, to the second: `SOURCE_DATE_EPOCH` where that is set.

    Raises
    ------
    ParameterError
        `SOURCE_DATE_EPOCH` is set and no whole number of seconds since 1970.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    if stated is None:
        return text_of(datetime.now(UTC))
    try:
        return text_of(datetime.fromtimestamp(int(stated), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise ParameterError(
            f"SOURCE_DATE_EPOCH is {stated!r}; it must be whole seconds since 1970, or not be set"
        ) from error


def text_of(moment: datetime) -> str:
    """ISO 8601 with Z.

    Examples
    --------
    >>> text_of(datetime(2016, 2, 29, 12, 0, 5, tzinfo=UTC))
    '2016-02-29T12:00:05Z'
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
