"""JSON that shows numbers the way people write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

from lotkeeper.core.quantity import json_number


class NumberEncoder(JSONEncoder):
    """DRF's encoder, with quantities as plain numbers: 3, not "3.000"."""

    def default(self, obj: Any) -> Any:
        """What JSON has no word for."""
        if isinstance(obj, Decimal):
            return json_number(obj)
        if isinstance(obj, dt.datetime):
            # One notation for instants, whatever zone they were computed in.
            return super().default(obj.astimezone(dt.UTC) if obj.tzinfo is not None else obj)
        return super().default(obj)


class NumberJSONRenderer(JSONRenderer):
    """The renderer of the whole API."""

    encoder_class = NumberEncoder
