"""Making a person: the checks that set-up and the users page share."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from lotkeeper.accounts.errors import EmailTaken
from lotkeeper.accounts.models import EMAIL_LIMIT, NAME_LIMIT, User
from lotkeeper.core.errors import InvalidRequest


def new_person(*, tenant_id: int, email: str, name: str, password: str | None) -> User:
    """A person of a tenant, without any role yet; inside the caller's transaction.

    Raises:
        InvalidRequest: a bad address or name, or a weak password.
        EmailTaken: if somebody logs in with that address, here or elsewhere.
    """
    address = email.strip().lower()
    _check(email=address, password=password)
    check_name(name)
    if User.objects.filter(email=address).exists():
        raise EmailTaken(email=address)
    return User.objects.create_user(address, password, name=name.strip(), tenant_id=tenant_id)


def check_name(name: str) -> None:
    """Refuse a name that is too long to be kept.

    Raises:
        InvalidRequest: naming the limit.
    """
    if len(name) > NAME_LIMIT:
        raise InvalidRequest({"name": [f"Must have at most {NAME_LIMIT} characters."]})


def check_password(password: str, user: User | None = None) -> None:
    """Refuse a password that is short or common.

    Raises:
        InvalidRequest: naming what is wrong with it.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidRequest({"password": list(error.messages)}) from error


def _check(*, email: str, password: str | None) -> None:
    errors: dict[str, list[str]] = {}
    try:
        validate_email(email)
    except ValidationError:
        errors["email"] = ["Must be an e-mail address."]
    if len(email) > EMAIL_LIMIT:
        errors["email"] = [f"Must have at most {EMAIL_LIMIT} characters."]
    if errors:
        raise InvalidRequest(errors)
    if password is not None:
        check_password(password)
