"""What the demonstration shop's command prints, read back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import call_command

WEEKS = 5


@dataclass(frozen=True)
class Printed:
    """What the first run printed, and what can be read from it."""

    tenant_id: int
    text: str

    @property
    def token(self) -> str:
        (token,) = set(re.findall(r"lk_[0-9]+_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", self.text))
        return token

    @property
    def request(self) -> dict[str, Any]:
        """The body of the printed curl."""
        (body,) = re.findall(r"-d '([^']*)'", self.text)
        found: dict[str, Any] = json.loads(body)
        return found


def run_demo(**options: Any) -> str:
    out = StringIO()
    call_command("demo", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()
