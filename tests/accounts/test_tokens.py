"""API tokens: what makes them work, and everything that makes them stop."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from lotkeeper.accounts.models import ApiToken
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import IssuedToken, issue_token, revoke_token
from lotkeeper.accounts.operations.users import deactivate_user
from lotkeeper.accounts.policies import Channel, Role, Scope
from lotkeeper.accounts.queries import actor_for_token
from lotkeeper.accounts.tokens import new_token, parse_token
from lotkeeper.core.errors import Conflict, InvalidRequest, NotFound, PermissionRefused
from lotkeeper.core.tenancy import tenant_scope

NOW = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)


def issued(business: NewTenant, **changes: object) -> IssuedToken:
    asked = {"actor": business.actor, "name": "Till 1", "scopes": [Scope.STOCK], "now": NOW, **changes}
    with tenant_scope(business.tenant.pk), transaction.atomic():
        return issue_token(**asked)  # type: ignore[arg-type]


def status_of(token: str, path: str = "/api/v1/me/") -> int:
    return Client().get(path, headers={"authorization": f"Bearer {token}"}).status_code


def token_count(business: NewTenant) -> int:
    with tenant_scope(business.tenant.pk), transaction.atomic():
        return ApiToken.objects.count()


def test_a_token_acts_as_its_person_within_its_scopes(business: NewTenant) -> None:
    token = issued(business, scopes=[Scope.STOCK, Scope.READ])

    answer = Client().get("/api/v1/me/", headers={"authorization": f"bearer {token.plain}"})

    assert answer.status_code == 200
    me = answer.json()
    assert me["user_id"] == business.owner.pk
    assert me["email"] == business.owner.email
    assert me["channel"] == "api"
    assert me["scopes"] == ["read", "stock"]
    assert me["tenant"]["id"] == business.tenant.pk
    assert [(role["outlet_id"], role["role"]) for role in me["roles"]] == [(None, "owner")]
    assert "sell" in me["roles"][0]["permissions"]
    assert "manage_users" not in me["roles"][0]["permissions"]


def test_the_look_up_gives_the_whole_actor_and_needs_no_transaction(business: NewTenant) -> None:
    token = issued(business)
    actor = actor_for_token(token.plain)
    assert actor is not None
    assert actor.tenant_id == business.tenant.pk
    assert actor.user_id == business.owner.pk
    assert actor.channel is Channel.API
    assert actor.roles == {None: Role.OWNER}
    assert actor.token_id == token.token.pk
    assert actor.scopes == frozenset({Scope.STOCK})


def test_only_a_hash_of_the_token_is_kept(business: NewTenant) -> None:
    token = issued(business)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        kept = ApiToken.objects.get(pk=token.token.pk)
    assert bytes(kept.digest) == hashlib.sha256(token.plain.encode()).digest()
    assert token.plain.startswith(f"lk_{business.tenant.pk}_{kept.prefix}_")
    secret = token.plain.rsplit("_", 1)[-1]
    assert secret not in repr(vars(kept))


def test_a_wrong_secret_is_turned_away(business: NewTenant) -> None:
    token = issued(business).plain
    other = ("A" if token[-1] != "A" else "B").join([token[:-1], ""])
    assert status_of(token) == 200
    assert status_of(other) == 401


@pytest.mark.parametrize(
    "token",
    [
        "",
        "lk",
        "lk_1_deadbeef",
        "lk_0_deadbeef_" + "a" * 43,
        "lk_-1_deadbeef_" + "a" * 43,
        "lk_99999999999999999999_deadbeef_" + "a" * 43,
        "lk_9223372036854775807_deadbeef_" + "a" * 43,
        "lk_9223372036854775808_deadbeef_" + "a" * 43,
        "lk_\u0661_deadbeef_" + "a" * 43,
        "lk_1'; DROP TABLE x; --_deadbeef_" + "a" * 43,
        "\x00",
        "é" * 60,
        "x" * 5000,
    ],
)
def test_a_malformed_or_unknown_token_is_turned_away(token: str) -> None:
    header = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    answer = Client().get("/api/v1/me/", **header)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="lotkeeper"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


def test_another_tenants_number_in_a_token_opens_nothing(
    business: NewTenant, make_business: Callable[[], NewTenant]
) -> None:
    other = make_business()
    token = issued(business).plain
    forged = token.replace(f"lk_{business.tenant.pk}_", f"lk_{other.tenant.pk}_")
    assert status_of(forged) == 401
    assert status_of(token) == 200


def test_an_expired_token_is_turned_away(business: NewTenant) -> None:
    long_ago = NOW - dt.timedelta(days=400)
    token = issued(business, now=long_ago, expires_at=long_ago + dt.timedelta(days=1))
    assert status_of(token.plain) == 401


def test_a_token_works_until_it_expires(business: NewTenant) -> None:
    moment = timezone.now()
    token = issued(business, now=moment, expires_at=moment + dt.timedelta(hours=1))
    assert status_of(token.plain) == 200


def test_a_revoked_token_stops_at_once_and_for_good(business: NewTenant) -> None:
    token = issued(business)
    assert status_of(token.plain) == 200
    with tenant_scope(business.tenant.pk):
        first = revoke_token(actor=business.actor, token_id=token.token.pk, now=NOW)
        again = revoke_token(actor=business.actor, token_id=token.token.pk, now=NOW + dt.timedelta(days=1))
    assert status_of(token.plain) == 401
    assert first.revoked_at == again.revoked_at == NOW


def test_a_deactivated_persons_token_is_turned_away(business: NewTenant, colleague: Callable[..., object]) -> None:
    clerk = colleague(business, Role.CLERK)
    token = issued(business, user_id=clerk.user_id)  # type: ignore[attr-defined]
    assert status_of(token.plain) == 200
    with tenant_scope(business.tenant.pk):
        deactivate_user(actor=business.actor, user_id=clerk.user_id)  # type: ignore[attr-defined]
    assert status_of(token.plain) == 401
    with pytest.raises(Conflict):
        issued(business, user_id=clerk.user_id)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/api/v1/me/", "/api/v1/no-such-thing/", "/api/schema/", "/api/docs"])
def test_a_bad_token_is_told_whatever_the_address(business: NewTenant, path: str) -> None:
    unknown = new_token(business.tenant.pk).plain
    assert status_of(unknown, path) == 401


def test_a_good_token_at_a_wrong_address_finds_nothing(business: NewTenant) -> None:
    assert status_of(issued(business).plain, "/api/v1/no-such-thing/") == 404


def test_another_kind_of_authorization_is_not_ours() -> None:
    answer = Client().get("/api/schema/", headers={"authorization": "Basic dXNlcjpwYXNz"})
    assert answer.status_code == 200
    assert Client().get("/api/v1/me/", headers={"authorization": "Basic dXNlcjpwYXNz"}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"expires_at": NOW}, "expires_at"),
    ],
)
def test_a_useless_token_is_not_issued(business: NewTenant, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        issued(business, **changes)
    assert list(refusal.value.fields["errors"]) == [field]
    assert token_count(business) == 0


def test_no_token_for_a_person_of_another_business(business: NewTenant, make_business: Callable[[], NewTenant]) -> None:
    stranger = make_business().owner
    with pytest.raises(NotFound):
        issued(business, user_id=stranger.pk)
    assert token_count(business) == 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_issue_tokens(business: NewTenant, colleague: Callable[..., object], role: Role) -> None:
    actor = colleague(business, role)
    with pytest.raises(PermissionRefused):
        issued(business, actor=actor)
    assert token_count(business) == 0


def test_the_command_prints_a_token_that_works(business: NewTenant, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("token", "--email", business.owner.email.upper(), "--scope", "read", "stock")
    plain = capsys.readouterr().out.strip()
    parts = parse_token(plain)
    assert parts is not None
    assert parts.tenant_id == business.tenant.pk
    assert status_of(plain) == 200


def test_the_command_refuses_an_unknown_person() -> None:
    with pytest.raises(CommandError, match="Nobody of a business"):
        call_command("token", "--email", "nobody@shop.example", "--scope", "read")
