"""Time zones by their IANA names. Pure."""

from __future__ import annotations

import functools
import zoneinfo


@functools.cache
def timezone_names() -> frozenset[str]:
    """The names known here, such as Africa/Nairobi; the machine's own aliases are none."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory", "posixrules"}


def is_timezone(name: str) -> bool:
    """Whether a name is an IANA time zone."""
    return name in timezone_names()
