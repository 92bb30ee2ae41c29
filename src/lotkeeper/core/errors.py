"""Refusals. One class each, raised by operations, turned into problem details once, in ``web``.

A refusal carries a stable ``code`` a program can match, an HTTP status, a sentence a shopkeeper understands, and true
numbers in ``fields``. It is never a bug: a bug is any other exception.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """The request cannot be done, and nothing was changed."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"
    #: The sentence for people, filled from ``fields``.
    sentence: ClassVar[str] = "This cannot be done."

    def __init__(self, detail: str | None = None, **fields: Any) -> None:
        self.fields = fields
        self.detail = detail if detail is not None else self.sentence.format_map(_Known(fields))
        super().__init__(self.detail)

    @property
    def in_full(self) -> str:
        """The sentence, or what is wrong with each field where the sentence only points there."""
        errors = self.fields.get("errors")
        if errors is None or self.detail != self.sentence:
            return self.detail
        return " ".join(f"{name}: {' '.join(sentences)}" for name, sentences in errors.items())


class _Known(dict[str, Any]):
    """Format fields that leave an unknown name visible instead of failing inside an error message."""

    def __missing__(self, key: str) -> str:
        return "?"


class InvalidRequest(Refusal):
    """A field is missing, malformed or out of range; ``errors`` names each."""

    code = "invalid_request"
    title = "The request is not valid"
    sentence = "Some of what was sent cannot be used; see the errors."

    def __init__(self, errors: dict[str, list[str]], detail: str | None = None) -> None:
        super().__init__(detail, errors=errors)


class NotFound(Refusal):
    """There is nothing here by that id, or it belongs to somebody else."""

    code = "not_found"
    status = 404
    title = "Not found"
    sentence = "There is no such {what}."

    def __init__(self, what: str = "thing", **fields: Any) -> None:
        super().__init__(what=what, **fields)


class PermissionRefused(Refusal):
    """The person or token may not do this here."""

    code = "not_allowed"
    status = 403
    title = "Not allowed"
    sentence = "Your role does not allow this here ({permission})."


class Conflict(Refusal):
    """The thing is not in a state that allows this."""

    code = "conflict"
    status = 409
    title = "Not possible now"


class DiskFull(Refusal):
    """The database's disk has no room for another posting."""

    code = "disk_full"
    status = 507
    title = "The disk is nearly full"
    sentence = (
        "Nothing was posted: the disk that the stock is kept on has {free_megabytes} MB free and needs "
        "{needed_megabytes} MB. Reading goes on; post again once there is room."
    )
