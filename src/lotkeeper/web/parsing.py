"""Reading JSON strictly: exact numbers, no NaN, bounded size, only text that can be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from lotkeeper.web.errors import MalformedRequest, RequestTooLarge


class StrictJSONParser(BaseParser):
    """The parser of the whole API."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The body as Python values.

        Raises:
            RequestTooLarge: beyond ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
            MalformedRequest: if it is not JSON, or holds what JSON or the database does not have.
        """
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read() if limit is None else stream.read(limit + 1)
        if limit is not None and len(body) > limit:
            raise RequestTooLarge(limit=limit)
        return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Strict JSON, with fractions as exact Decimals.

    Raises:
        MalformedRequest: if it is not JSON, nests too deep, or holds NaN, NUL or half a character.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise MalformedRequest("The JSON is nested too deeply.") from error
    # ArithmeticError: an exponent beyond what Decimal can hold.
    except (ValueError, ArithmeticError) as error:
        raise MalformedRequest from error
    # Text in UTF-8 cannot hold these characters, so only an escape can have brought them.
    if b"\\u" in body:
        _refuse_unusable_text(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    sentence = f"{name} is not a number in JSON."
    raise MalformedRequest(sentence)


def _refuse_unusable_text(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in item):
                raise MalformedRequest("Text must not hold NUL or half a character.")
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
