"""The refusals of HTTP itself, before any operation is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lotkeeper.core.errors import NotFound, Refusal

_LONGEST_NAME_SHOWN: Final = 100


class MalformedRequest(Refusal):
    """The body or the address cannot be read at all."""

    code = "malformed_request"
    title = "The request cannot be read"
    sentence = "What was sent is not valid JSON."


class UnusableValue(Refusal):
    """A value that no field caught and that the database cannot keep."""

    code = "unusable_value"
    title = "A value cannot be used"
    sentence = "One of the values is too long, too large, or holds characters that cannot be kept."


class UnknownParameter(Refusal):
    """The address asks for something by a name that does not exist there, perhaps a misspelt one."""

    code = "unknown_parameter"
    title = "There is no such parameter"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        shown = name[:_LONGEST_NAME_SHOWN]
        there = f"What can be asked for: {', '.join(known)}." if known else "Nothing can be asked for here."
        super().__init__(f"There is no parameter '{shown}' at this address. {there}", parameter=shown, known=known)


class InvalidCursor(Refusal):
    """The place in a list that the request names was not given out by this list."""

    code = "invalid_cursor"
    title = "The list cannot be continued from there"
    sentence = "Start the list again from its first page."


class NothingHere(NotFound):
    """The address leads nowhere."""

    sentence = "There is nothing at this address."

    def __init__(self) -> None:
        super().__init__("address")


class NotLoggedIn(Refusal):
    """Nobody is asking, or their token is not (or no longer) good."""

    code = "not_authenticated"
    status = 401
    title = "Log in first"
    sentence = "Send a valid API token as 'Authorization: Bearer …', or log in."


class Forbidden(Refusal):
    """The request is understood and not allowed, whoever asks."""

    code = "forbidden"
    status = 403
    title = "Not allowed"
    sentence = "This is not allowed."


class CsrfFailed(Refusal):
    """A page of another site may have sent this request."""

    code = "csrf_failed"
    status = 403
    title = "The page is out of date"
    sentence = "Reload the page and try again: the request did not carry this session's security token."


class MethodNotAllowed(Refusal):
    """The address exists, but not for this verb."""

    code = "method_not_allowed"
    status = 405
    title = "Not possible at this address"
    sentence = "This address does not take that kind of request."


class FormatNotOffered(Refusal):
    """The client asks for a format that is not made here."""

    code = "not_acceptable"
    status = 406
    title = "Format not offered"
    sentence = "The answer cannot be given in the format asked for."


class RequestTooLarge(Refusal):
    """The body is larger than this address takes."""

    code = "request_too_large"
    status = 413
    title = "Too large"
    sentence = "What was sent is larger than is taken here; send it in parts."


class MediaTypeNotSupported(Refusal):
    """The body is in a format that is not read here."""

    code = "unsupported_media_type"
    status = 415
    title = "Format not understood"
    sentence = "Send JSON, with the content type application/json."


class TooManyRequests(Refusal):
    """Too many tries in a short time."""

    code = "too_many_requests"
    status = 429
    title = "Too many requests"
    sentence = "Wait a moment and try again."


class ServerFault(Refusal):
    """Not a refusal at all: a bug, told without its details."""

    code = "server_error"
    status = 500
    title = "Something went wrong here"
    sentence = "The fault is ours and has been logged. Nothing was changed by this request."


class Busy(Refusal):
    """The same stock is being written by others, or the question takes too long."""

    code = "busy"
    status = 503
    title = "Busy"
    sentence = "The same stock is being changed by others. Nothing was changed; try again."
