"""Logging in, two-factor login, people and tokens in a browser."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import expect
from tests.e2e.conftest import LogIn, Store

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.users import set_password
from lotkeeper.core.tenancy import tenant_scope

PASSWORD = "seven green bottles"


@pytest.fixture
def email(store: Store, business: NewTenant) -> str:
    cache.clear()
    with tenant_scope(business.tenant.pk):
        set_password(actor=business.actor, user_id=business.owner.pk, password=PASSWORD)
    return business.owner.email


def test_a_wrong_password_is_told_and_a_second_factor_asked_for(email: str, log_in: LogIn) -> None:
    screen = log_in()
    screen.open("/stock/")
    screen.page.get_by_label("Email").fill(email)
    screen.page.get_by_label("Password").fill("eight green bottles")
    screen.page.get_by_role("button", name="Log in").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("not correct")
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.page.get_by_role("button", name="Log in").click()
    # Back to the page that was asked for.
    expect(screen.page.locator("h1")).to_have_text("Stock")
    screen.open("/accounts/2fa/totp/activate/")
    # Asked for once more, before the account's own locks are changed.
    if screen.page.get_by_role("button", name="Confirm").count():
        screen.page.get_by_label("Password").fill(PASSWORD)
        screen.page.get_by_role("button", name="Confirm").click()
    secret = screen.page.locator("#authenticator_secret").input_value()
    screen.page.get_by_label("Authenticator code").fill(code(secret))
    screen.page.get_by_role("button", name="Activate").click()
    screen.page.locator(".rail").get_by_role("button", name="Log out").click()
    cache.clear()
    screen.page.get_by_label("Email").fill(email)
    screen.page.get_by_label("Password").fill(PASSWORD)
    screen.page.get_by_role("button", name="Log in").click()
    screen.page.get_by_label("Code").fill(code(secret))
    screen.page.get_by_role("button", name="Sign In").click()
    expect(screen.page.locator("h1")).to_have_text("Overview")


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_somebody_is_let_in_given_a_role_and_shut_out(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/people/")
    screen.page.get_by_role("link", name="Let somebody in").click()
    screen.page.get_by_label("Name").fill("Cleo Clerk")
    screen.page.get_by_label("E-mail address").fill(f"cleo-{store.owner.user_id}@shop.example")
    screen.page.get_by_label("First password").fill("nine green bottles")
    screen.page.get_by_label("Where").select_option(label="Station kiosk")
    screen.page.get_by_role("button", name="Let them in").click()
    expect(screen.page.locator("h1")).to_have_text("Cleo Clerk")
    screen.page.get_by_label("Role", exact=True).select_option("counter")
    screen.page.get_by_role("button", name="Give it").click()
    person = User.objects.get(email=f"cleo-{store.owner.user_id}@shop.example")
    expect(screen.page.locator(".rows").first).to_contain_text("Counter")
    screen.page.get_by_role("button", name="Shut out").click()
    expect(screen.page.locator(".messages")).to_contain_text("shut out")
    person.refresh_from_db()
    assert person.is_active is False
    # The last owner cannot shut herself out.
    screen.open(f"/people/{store.owner.user_id}/")
    screen.page.get_by_role("button", name="Shut out").click()
    expect(screen.page.get_by_role("alert")).to_be_visible()
    assert User.objects.get(pk=store.owner.user_id).is_active is True


def test_a_token_is_shown_once_and_works_until_it_is_revoked(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/tokens/")
    screen.page.get_by_label("What for").fill("Till 2")
    screen.page.get_by_role("button", name="Issue it").click()
    token = screen.page.locator(".token-shown").inner_text()
    till = Client(headers={"authorization": f"Bearer {token}"})
    assert till.get("/api/v1/me/").status_code == 200
    screen.open("/tokens/")
    assert token not in screen.page.content()
    screen.page.get_by_role("button", name="Revoke Till 2").click()
    expect(screen.page.locator("table")).to_contain_text("Revoked")
    assert till.get("/api/v1/me/").status_code == 401


def test_an_outlet_is_opened_and_closed(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/outlets/new/")
    screen.page.get_by_label("Name").fill("Main street")
    screen.page.get_by_role("button", name="Open it").click()
    expect(screen.page.locator("#id_name_error")).to_be_visible()
    screen.page.get_by_label("Name").fill("Mill <Lane>")
    screen.page.get_by_role("button", name="Open it").click()
    expect(screen.page.locator("table")).to_contain_text("Mill <Lane>")
    screen.page.get_by_role("button", name="Close Mill <Lane>").click()
    expect(screen.page.get_by_role("button", name="Open again Mill <Lane>")).to_be_visible()
