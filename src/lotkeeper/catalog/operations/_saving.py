"""Saving a row so that what is wrong with it comes out as a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction

from lotkeeper.catalog.errors import StillInUse
from lotkeeper.core.errors import InvalidRequest, NotFound, Refusal
from lotkeeper.core.models import TenantModel

_RESTRICT_VIOLATION: Final = "23001"
_FOREIGN_KEY_VIOLATION: Final = "23503"
_UNIQUE_VIOLATION: Final = "23505"


def check_values(row: TenantModel) -> None:
    """Trim the texts of a row and check all its values against what its columns can keep.

    Raises:
        InvalidRequest: naming each field.
    """
    errors: dict[str, list[str]] = {}
    columns = row._meta.concrete_fields
    not_checked = [column.name for column in columns if column.is_relation or column.generated]
    for field in columns:
        value = None if field.name in not_checked else getattr(row, field.name)
        if not isinstance(value, str):
            continue
        # Neither NUL nor half of a surrogate pair can be kept in UTF-8 text.
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            errors[field.name] = ["This text holds characters that cannot be kept."]
        else:
            setattr(row, field.name, value.strip())
    try:
        row.clean_fields(exclude=[*not_checked, *errors])
    except ValidationError as error:
        errors |= error.message_dict
    if errors:
        raise InvalidRequest(errors)


def save_row(row: TenantModel, taken: Callable[[], Refusal] | None = None) -> None:
    """Save a row; if its one unique name is taken, refuse with what ``taken`` says about the holder.

    Raises:
        NotFound: if what it refers to is not there, or was deleted by somebody else a moment ago.
    """
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if _sqlstate(error) == _UNIQUE_VIOLATION and taken is not None:
            raise taken() from error
        if _sqlstate(error) == _FOREIGN_KEY_VIOLATION:
            raise NotFound("thing it belongs to", kind=row._meta.model_name) from error
        raise


def delete_unused(row: TenantModel, what: str) -> None:
    """Delete a row that nothing refers to.

    Raises:
        StillInUse: if something does, in the catalogue or in the ledger.
    """
    try:
        with transaction.atomic():
            # The keys of the database are the answer. Django's own delete would first read every table that could
            # hold a reference, the whole ledger among them.
            type(row).objects.filter(pk=row.pk)._raw_delete(using=DEFAULT_DB_ALIAS)
    except IntegrityError as error:
        # Keys that say RESTRICT have a SQLSTATE of their own since PostgreSQL 18.
        if _sqlstate(error) in {_FOREIGN_KEY_VIOLATION, _RESTRICT_VIOLATION}:
            raise StillInUse(what=what, id=row.pk) from error
        raise


def _sqlstate(error: IntegrityError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
