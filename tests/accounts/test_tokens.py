from __future__ import annotations

import datetime as dt

from django.test import Client

from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Scope
from lotkeeper.core.tenancy import tenant_scope


def test_smoke():
    t = create_tenant(name="x", currency="EUR", timezone="UTC", owner_email="a@b.example", owner_password="quite-long-enough-1")
    with tenant_scope(t.tenant.pk):
        token = issue_token(actor=t.actor, name="till", scopes=[Scope.STOCK], now=dt.datetime.now(dt.UTC))
    c = Client()
    r = c.get("/api/v1/nope/", headers={"authorization": "Bearer " + token.plain})
    assert r.status_code == 404, r.content
    print(r.content, r.headers)
    r = c.get("/api/v1/nope/", headers={"authorization": "Bearer " + token.plain[:-1] + "x"})
    assert r.status_code == 401, r.content
    r = c.get("/healthz")
    assert r.json() == {"status": "ok"}
    r = c.get("/api/schema/")
    assert r.status_code == 200
