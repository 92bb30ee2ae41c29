"""Logging in with a browser: sessions, CSRF, and the pages of an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.accounts.operations.users import deactivate_user, set_password
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.operations.outlets import create_outlet

PASSWORD = "seven green bottles"


@dataclass(frozen=True)
class Shop:
    business: NewTenant
    browser: Client


@pytest.fixture
def shop() -> Shop:
    """A business whose owner can log in, and a browser that has not yet."""
    cache.clear()
    business = create_tenant(
        name="Harbour Pharmacy",
        currency="EUR",
        timezone="Europe/Berlin",
        owner_email=f"{uuid4().hex}@shop.example",
        owner_password=PASSWORD,
        owner_name="Olu",
    )
    return Shop(business, Client(enforce_csrf_checks=True))


def csrf_token(browser: Client, path: str = "/accounts/login/") -> str:
    page = browser.get(path)
    assert page.status_code == 200, path
    return browser.cookies["csrftoken"].value


def log_in(shop: Shop, password: str = PASSWORD) -> int:
    token = csrf_token(shop.browser)
    form = {"login": shop.business.owner.email, "password": password, "csrfmiddlewaretoken": token}
    return shop.browser.post("/accounts/login/", form).status_code


def test_logging_in_leads_to_the_front_page(shop: Shop) -> None:
    with tenant_scope(shop.business.tenant.pk):
        create_outlet(actor=shop.business.actor, name="Mill <Lane>", timezone="Africa/Nairobi")
    assert shop.browser.get("/").headers["Location"] == "/accounts/login/?next=/"
    assert log_in(shop) == 302
    page = shop.browser.get("/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Harbour Pharmacy" in text
    assert "Mill &lt;Lane&gt;" in text
    assert "<script>" not in text
    assert "style=" not in text


def test_the_address_may_be_typed_in_any_case(shop: Shop) -> None:
    token = csrf_token(shop.browser)
    form = {"login": shop.business.owner.email.upper(), "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert shop.browser.post("/accounts/login/", form).status_code == 302


def test_a_wrong_password_lets_nobody_in(shop: Shop) -> None:
    assert log_in(shop, "wrong horse battery") == 200
    assert "sessionid" not in shop.browser.cookies
    assert shop.browser.get("/api/v1/me/").status_code == 401


def test_too_many_wrong_passwords_are_stopped(shop: Shop) -> None:
    for _ in range(5):
        log_in(shop, "wrong horse battery")
    assert log_in(shop) == 200
    assert "sessionid" not in shop.browser.cookies


def test_nobody_signs_up_by_themselves(shop: Shop) -> None:
    token = csrf_token(shop.browser)
    address = f"{uuid4().hex}@stranger.example"
    form = {"email": address, "password1": PASSWORD, "password2": PASSWORD, "csrfmiddlewaretoken": token}
    answer = shop.browser.post("/accounts/signup/", form)
    assert b"closed" in answer.content.lower()
    assert not User.objects.filter(email=address).exists()


def test_a_deactivated_person_is_out_at_once(shop: Shop, colleague: Callable[..., Actor]) -> None:
    business = shop.business
    colleague(business, Role.OWNER)
    assert log_in(shop) == 302
    assert shop.browser.get("/api/v1/me/").status_code == 200
    with tenant_scope(business.tenant.pk):
        deactivate_user(actor=business.actor, user_id=business.owner.pk)
    assert shop.browser.get("/api/v1/me/").status_code == 401
    assert shop.browser.get("/").status_code == 302
    log_in(shop)
    assert shop.browser.get("/api/v1/me/").status_code == 401


def test_a_new_password_ends_the_sessions(shop: Shop) -> None:
    assert log_in(shop) == 302
    with tenant_scope(shop.business.tenant.pk):
        set_password(actor=shop.business.actor, user_id=shop.business.owner.pk, password="eight green bottles")
    assert shop.browser.get("/api/v1/me/").status_code == 401


def test_a_session_acts_on_the_api_within_its_roles(shop: Shop) -> None:
    log_in(shop)
    me = shop.browser.get("/api/v1/me/").json()
    assert me["channel"] == "api"
    assert me["scopes"] is None
    assert "manage_users" in me["roles"][0]["permissions"]


def test_a_session_must_send_its_csrf_token_to_write(shop: Shop) -> None:
    log_in(shop)
    body = {"name": "Forged", "timezone": "UTC"}
    refused = shop.browser.post("/api/v1/outlets/", body, content_type="application/json")
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "csrf_failed"
    assert shop.browser.get("/api/v1/outlets/").json()["results"] == []
    token = csrf_token(shop.browser, "/accounts/password/change/")
    taken = shop.browser.post("/api/v1/outlets/", body, content_type="application/json", headers={"x-csrftoken": token})
    assert taken.status_code == 201
    assert [row["name"] for row in shop.browser.get("/api/v1/outlets/").json()["results"]] == ["Forged"]


def test_a_page_without_its_csrf_token_is_refused_with_a_page(shop: Shop) -> None:
    answer = shop.browser.post("/accounts/login/", {"login": "a@b.example", "password": "x"})
    assert answer.status_code == 403
    assert answer["Content-Type"].startswith("text/html")
    assert b"out of date" in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/logout/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/email/",
        "/accounts/inactive/",
    ],
)
def test_the_pages_of_an_account_show(shop: Shop, path: str) -> None:
    log_in(shop)
    page = shop.browser.get(path, follow=True)
    assert page.status_code == 200
    assert b"web/dist/app" in page.content


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"])
def test_the_pages_before_a_login_show(path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 200
    assert b"web/dist/app" in page.content


def test_two_factor_login_can_be_set_up(shop: Shop) -> None:
    log_in(shop)
    page = shop.browser.get("/accounts/2fa/totp/activate/")
    if page.status_code == 302:
        # A while after logging in the password is asked for again.
        token = csrf_token(shop.browser, page["Location"])
        again = {"password": PASSWORD, "csrfmiddlewaretoken": token}
        page = shop.browser.post(page["Location"], again, follow=True)
    assert page.status_code == 200
    assert b'src="data:image/svg+xml' in page.content
    assert "img-src 'self' data:" in page["Content-Security-Policy"]


def test_an_operator_without_a_business_gets_a_plain_refusal() -> None:
    operator = User.objects.create_superuser(f"{uuid4().hex}@operator.example", None)
    browser = Client()
    browser.force_login(operator)
    assert browser.get("/").status_code == 401
    assert browser.get("/api/v1/me/").status_code == 401


def test_a_forgotten_password_is_replaced_by_a_letter(shop: Shop, mailoutbox: list[EmailMessage]) -> None:
    token = csrf_token(shop.browser, "/accounts/password/reset/")
    form = {"email": shop.business.owner.email, "csrfmiddlewaretoken": token}
    assert shop.browser.post("/accounts/password/reset/", form).status_code == 302
    [letter] = mailoutbox
    assert letter.to == [shop.business.owner.email]
    link = re.search(r"/accounts/password/reset/key/\S+", letter.body)
    assert link is not None

    page = shop.browser.get(link[0], follow=True)
    address = page.redirect_chain[-1][0]
    new = {"password1": "eight green bottles", "password2": "eight green bottles"}
    done = shop.browser.post(address, {**new, "csrfmiddlewaretoken": shop.browser.cookies["csrftoken"].value})
    assert done.status_code == 302
    assert log_in(shop, "eight green bottles") == 302


def test_a_stranger_is_not_told_whether_an_address_is_known(shop: Shop, mailoutbox: list[EmailMessage]) -> None:
    token = csrf_token(shop.browser, "/accounts/password/reset/")
    form = {"email": f"{uuid4().hex}@stranger.example", "csrfmiddlewaretoken": token}
    assert shop.browser.post("/accounts/password/reset/", form).status_code == 302
    assert all(letter.to != [shop.business.owner.email] for letter in mailoutbox)
