"""The models keep the rules of the schema, and each rule can be broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from lotkeeper.catalog.models import Product
from lotkeeper.core.checks import check_models, findings
from lotkeeper.core.models import TenantForeignKey, TenantModel


@pytest.fixture(autouse=True)
def _own_models() -> Iterator[None]:
    """Models made by a test are no models of the product."""
    with isolate_apps("lotkeeper.catalog"):
        yield


def model(**attributes: Any) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": "catalog", **attributes.pop("meta", {})})
    bases = attributes.pop("bases", (TenantModel,))
    return type("Planted", bases, {"__module__": __name__, "Meta": meta, **attributes})


def told(planted: type[models.Model]) -> list[tuple[str | None, str]]:
    return [(finding.id, finding.msg) for finding in findings(planted)]


def test_our_models_keep_every_rule() -> None:
    assert check_models(None) == []
    assert [finding for finding in run_checks() if (finding.id or "").startswith("lotkeeper.")] == []


def test_a_model_like_ours_is_sound() -> None:
    planted = model(
        product=TenantForeignKey(Product, on_delete=models.PROTECT),
        meta={
            "constraints": (models.UniqueConstraint(fields=["tenant", "product"], name="planted_once"),),
            "indexes": (models.Index(fields=["tenant", "product"], name="planted_product"),),
        },
    )
    assert told(planted) == []


def test_a_model_without_a_tenant_is_found() -> None:
    assert told(model(bases=(models.Model,))) == [
        ("lotkeeper.E001", "catalog.Planted: belongs to no tenant and is not among the global models")
    ]


def test_long_names_are_found() -> None:
    planted = model(
        **{"x" * 51: models.IntegerField()},
        meta={
            "db_table": "t" * 51,
            "constraints": (models.CheckConstraint(condition=models.Q(id__gt=0), name="c" * 51),),
        },
    )
    assert [code for code, _ in told(planted)] == ["lotkeeper.E002"] * 3


def test_keys_and_indexes_without_a_tenant_are_found() -> None:
    planted = model(
        code=models.CharField(max_length=5, unique=True),
        meta={
            "constraints": (models.UniqueConstraint(fields=["code"], name="planted_code"),),
            "indexes": (models.Index(fields=["code", "tenant"], name="planted_index"),),
        },
    )
    assert told(planted) == [
        ("lotkeeper.E003", "catalog.Planted: code is unique across tenants; use a constraint with the tenant"),
        ("lotkeeper.E003", "catalog.Planted: the unique key planted_code does not include the tenant"),
        ("lotkeeper.E004", "catalog.Planted: the index planted_index does not start with the tenant"),
    ]


def test_relations_that_no_key_can_hold_to_a_tenant_are_found() -> None:
    planted = model(
        product=models.ForeignKey(Product, on_delete=models.PROTECT),
        related=models.ManyToManyField(Product, related_name="+"),
        kind=models.ForeignKey(ContentType, on_delete=models.PROTECT),
        anything=GenericForeignKey("kind", "id"),
    )
    assert sorted(told(planted)) == [
        ("lotkeeper.E005", "catalog.Planted: related has a table of its own without a tenant; write its model"),
        ("lotkeeper.E006", "catalog.Planted: anything may lead anywhere, so that no key can hold it"),
        ("lotkeeper.E007", "catalog.Planted: product leads to a tenant's table; use TenantForeignKey"),
    ]
