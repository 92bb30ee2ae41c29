"""The one-time set-up of an empty Lotkeeper: each test has a database of its own in which there is no business."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg import sql

from lotkeeper.accounts.errors import AlreadySetUp, SetupLinkInvalid
from lotkeeper.accounts.models import Membership, SetupLink, Tenant, User
from lotkeeper.accounts.operations.setup import check_setup_link, new_setup_link
from lotkeeper.accounts.operations.tenants import TenantDetails
from lotkeeper.config.database.digest import schema_digest
from lotkeeper.config.database.roles import close_database
from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.business import open_business

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
FORM = {
    "name": "Corner Pharmacy",
    "currency": "kes",
    "timezone": "Africa/Nairobi",
    "outlet_name": "Harbour Street",
    "email": "Olu@Corner.example",
    "password": "seven green bottles",
    "password_again": "seven green bottles",
}


@pytest.fixture
def empty_lotkeeper(superuser_connection: psycopg.Connection) -> Iterator[None]:
    """Django's connection, turned to a fresh copy of the migrated database."""
    name = f"empty_{os.getpid()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    superuser_connection.execute(drop)
    superuser_connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER lk_owner TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(f"template_{schema_digest()[:16]}")
        )
    )
    close_database(superuser_connection, name)
    connection.close()
    usual = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    yield
    connection.close()
    connection.settings_dict["NAME"] = usual
    superuser_connection.execute(drop)


def token_of(link: str) -> str:
    return link.removeprefix("/setup/").removesuffix("/")


def nothing_was_created() -> bool:
    return not Tenant.objects.exists() and not User.objects.exists()


@pytest.mark.usefixtures("empty_lotkeeper")
def test_the_page_opens_the_books_once() -> None:
    link = new_setup_link()
    browser = Client()
    page = browser.get(link)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]

    done = browser.post(link, FORM)

    assert done.status_code == 302
    assert done["Location"] == "/accounts/login/"
    tenant = Tenant.objects.get()
    owner = User.objects.get()
    assert (tenant.name, tenant.currency, tenant.timezone) == ("Corner Pharmacy", "KES", "Africa/Nairobi")
    assert (owner.email, owner.tenant_id) == ("olu@corner.example", tenant.pk)
    with tenant_scope(tenant.pk), transaction.atomic():
        assert list(Outlet.objects.values_list("name", "timezone")) == [("Harbour Street", "Africa/Nairobi")]
        assert list(Membership.objects.values_list("user_id", "outlet_id", "role")) == [(owner.pk, None, "owner")]
    assert (
        browser.post("/accounts/login/", {"login": "olu@corner.example", "password": FORM["password"]}).status_code
        == 302
    )
    assert browser.get("/").status_code == 200

    again = Client().post(link, {**FORM, "email": "second@corner.example"})
    assert again.status_code == 409
    assert Tenant.objects.count() == 1
    with pytest.raises(AlreadySetUp):
        new_setup_link()


@pytest.mark.usefixtures("empty_lotkeeper")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"currency": "EURO"}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"outlet_name": ""}, "outlet_name"),
        ({"email": "nobody"}, "email"),
        ({"password": "short", "password_again": "short"}, "password"),
        ({"password": "password123", "password_again": "password123"}, "password"),
        ({"password_again": "eight green bottles"}, "password_again"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_the_link_still_works(
    changes: dict[str, str], field: str
) -> None:
    link = new_setup_link()
    answer = Client().post(link, {**FORM, **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert nothing_was_created()
    assert Client().post(link, FORM).status_code == 302


@pytest.mark.usefixtures("empty_lotkeeper")
def test_a_link_ends_after_a_day_or_with_the_next_one() -> None:
    first = token_of(new_setup_link(now=NOW))
    check_setup_link(token=first, now=NOW + dt.timedelta(hours=23, minutes=59))
    with pytest.raises(SetupLinkInvalid):
        check_setup_link(token=first, now=NOW + dt.timedelta(hours=24))
    second = token_of(new_setup_link(now=NOW))
    with pytest.raises(SetupLinkInvalid):
        check_setup_link(token=first, now=NOW)
    check_setup_link(token=second, now=NOW)


@pytest.mark.usefixtures("empty_lotkeeper")
@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "é", "x" * 3000])
def test_an_unknown_link_leads_nowhere(token: str) -> None:
    new_setup_link()
    assert Client().get(f"/setup/{token}/").status_code in {400, 404}
    assert Client().post(f"/setup/{token}/", FORM).status_code in {400, 404}
    assert nothing_was_created()


@pytest.mark.usefixtures("empty_lotkeeper")
def test_the_link_is_kept_as_a_hash_only() -> None:
    token = token_of(new_setup_link())
    assert token not in repr(list(SetupLink.objects.values()))


@pytest.mark.usefixtures("empty_lotkeeper")
def test_a_refusal_late_in_the_set_up_undoes_all_of_it() -> None:
    token = token_of(new_setup_link())
    with pytest.raises(InvalidRequest):
        open_business(setup_token=token, now=timezone.now(), details=details(), outlet_name=" ")
    assert nothing_was_created()
    check_setup_link(token=token, now=timezone.now())


@pytest.mark.usefixtures("empty_lotkeeper")
def test_two_people_who_press_the_button_at_once_open_one_business() -> None:
    token = token_of(new_setup_link())
    start = threading.Barrier(2)
    outcomes: list[Any] = []

    def press(email: str) -> None:
        start.wait()
        try:
            open_business(setup_token=token, now=timezone.now(), details=details(email), outlet_name="Main")
            outcomes.append("opened")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[f"{name}@corner.example"]) for name in ("amina", "olu")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["opened", "setup_link_invalid"]
    assert Tenant.objects.count() == 1
    assert User.objects.count() == 1


def details(email: str = "olu@corner.example") -> TenantDetails:
    return TenantDetails(name="Corner Pharmacy", currency="EUR", timezone="UTC", owner_email=email, owner_password=None)
