"""A business of each test's own, and programs that talk to its API in each role."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from lotkeeper.accounts.operations.tenants import create_tenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.operations.users import create_user
from lotkeeper.accounts.policies import Actor, Channel, Role, Scope
from lotkeeper.core.tenancy import tenant_scope


@dataclass(frozen=True)
class Shop:
    """A business and its owner."""

    actor: Actor

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Read in the business's own scope and transaction."""
        with tenant_scope(self.actor.tenant_id), transaction.atomic():
            yield

    def acting_as(self, role: Role) -> Actor:
        """Somebody with one role everywhere."""
        return Actor(
            tenant_id=self.actor.tenant_id, user_id=self.actor.user_id, channel=Channel.API, roles={None: role}
        )


class Api:
    """A program with a token."""

    def __init__(self, token: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(f"/api/v1/{path}", query)

    def send(self, method: str, path: str, body: Any = None) -> HttpResponse:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.generic(method, f"/api/v1/{path}", content, content_type="application/json")

    def post(self, path: str, body: Any) -> HttpResponse:
        return self.send("POST", path, body)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> HttpResponse:
        return self.send("DELETE", path)

    def upload(self, path: str, content: bytes, name: str = "picture.png", kind: str = "image/png") -> HttpResponse:
        boundary = "----lotkeeper"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
        body = f"{head}Content-Type: {kind}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self.client.put(f"/api/v1/{path}", body, content_type=f"multipart/form-data; boundary={boundary}")


def new_shop() -> Shop:
    new = create_tenant(
        name="Corner shop",
        currency="EUR",
        timezone="UTC",
        owner_email=f"{uuid.uuid4().hex}@example.com",
        owner_password=None,
    )
    return Shop(actor=new.actor)


def api_for(shop: Shop, role: Role | None = None, *scopes: Scope) -> Api:
    with tenant_scope(shop.actor.tenant_id):
        user_id = None
        if role is not None:
            email = f"{uuid.uuid4().hex}@example.com"
            user_id = create_user(actor=shop.actor, email=email, name="", password=None, role=role).pk
        issued = issue_token(
            actor=shop.actor, name="till", scopes=scopes or [Scope.ADMIN], now=dt.datetime.now(dt.UTC), user_id=user_id
        )
    return Api(issued.plain)


@pytest.fixture
def shop() -> Shop:
    return new_shop()


@pytest.fixture
def other_shop() -> Shop:
    return new_shop()


@pytest.fixture
def api(shop: Shop) -> Api:
    return api_for(shop)


@pytest.fixture
def other_api(other_shop: Shop) -> Api:
    return api_for(other_shop)


@pytest.fixture
def api_as(shop: Shop) -> Callable[..., Api]:
    return lambda role, *scopes: api_for(shop, role, *scopes)


def picture(
    size: tuple[int, int] = (40, 30), *, mode: str = "RGB", kind: str = "PNG", colour: Any = 128, **options: Any
) -> bytes:
    """A small picture file."""
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()
