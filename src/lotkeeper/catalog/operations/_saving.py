"""Saving a row so that what is wrong with it comes out as a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from lotkeeper.catalog.errors import StillInUse
from lotkeeper.core.errors import InvalidRequest, NotFound, Refusal

_FOREIGN_KEY_VIOLATION: Final = "23503"
_UNIQUE_VIOLATION: Final = "23505"


def check_values(row: models.Model) -> None:
    """Trim the texts of a row and check all its values against what its columns can keep.

    Raises:
        InvalidRequest: naming each field.
    """
    errors: dict[str, list[str]] = {}
    not_checked = [field.name for field in row._meta.concrete_fields if field.is_relation or field.generated]
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if not isinstance(value, str) or field.name in not_checked:
            continue
        # Neither NUL nor half of a surrogate pair can be kept in UTF-8 text.
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            errors[field.name] = ["This text holds characters that cannot be kept."]
        else:
            setattr(row, field.attname, value.strip())
    try:
        row.clean_fields(exclude=[*not_checked, *errors])
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise InvalidRequest(errors)


def save_unique(row: models.Model, taken: Callable[[], Refusal]) -> None:
    """Save a row; if its one unique name is taken, refuse with what ``taken`` says about the holder."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        match _sqlstate(error):
            case code if code == _UNIQUE_VIOLATION:
                raise taken() from error
            case code if code == _FOREIGN_KEY_VIOLATION:
                # What it belongs to was deleted by somebody else a moment ago.
                raise NotFound("parent", row=row._meta.model_name) from error
        raise


def delete_unused(row: models.Model, what: str) -> None:
    """Delete a row that nothing refers to.

    Raises:
        StillInUse: if something does, in the catalogue or in the ledger.
    """
    identifier = row.pk
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError as error:
        raise StillInUse(what=what, id=identifier) from error
    except IntegrityError as error:
        if _sqlstate(error) == _FOREIGN_KEY_VIOLATION:
            raise StillInUse(what=what, id=identifier) from error
        raise


def _sqlstate(error: IntegrityError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
