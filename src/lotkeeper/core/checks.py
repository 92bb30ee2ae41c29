"""The rules of the schema, checked over the models at every command: what one tenant has can be moved as a whole.

docs/explanation/tenancy.md tells what they are for. Each finding names the model and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import models

from lotkeeper.core.models import TenantForeignKey

#: Longer names are cut, or have no room for what sharding puts behind them.
LONGEST_NAME: Final = 50
#: What belongs to no tenant: who logs in before their tenant is known. Everything else of ours does.
GLOBAL_MODELS: Final = frozenset({"accounts.SetupLink", "accounts.Tenant", "accounts.User"})
_OURS: Final = "lotkeeper."


def check_models(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Django's hook: everything that is wrong with our models."""
    from django.apps import apps  # the registry is full only now

    configs = apps.get_app_configs() if app_configs is None else app_configs
    return [
        finding
        for config in configs
        if config.name.startswith(_OURS)
        for model in config.get_models()
        for finding in findings(model)
    ]


def findings(model: type[models.Model]) -> Iterator[CheckMessage]:
    """What is wrong with one model."""
    yield from _long_names(model)
    if model._meta.label in GLOBAL_MODELS:
        return
    if not hasattr(model, "app_rights"):
        yield _finding(model, "E001", "belongs to no tenant and is not among the global models")
        return
    yield from _keys_without_tenant(model)
    for field in model._meta.get_fields():
        yield from _relations(model, field)


def _long_names(model: type[models.Model]) -> Iterator[CheckMessage]:
    options = model._meta
    columns = [field.column for field in options.local_concrete_fields]
    named = [each.name for each in (*options.constraints, *options.indexes)]
    for name in (options.db_table, *columns, *named):
        if len(name) > LONGEST_NAME:
            yield _finding(model, "E002", f"the name {name} is longer than {LONGEST_NAME} characters")


def _keys_without_tenant(model: type[models.Model]) -> Iterator[CheckMessage]:
    options = model._meta
    for field in options.local_fields:
        if field.unique and not field.primary_key:
            yield _finding(model, "E003", f"{field.name} is unique across tenants; use a constraint with the tenant")
    for constraint in options.constraints:
        if isinstance(constraint, models.UniqueConstraint) and "tenant" not in constraint.fields:
            yield _finding(model, "E003", f"the unique key {constraint.name} does not include the tenant")
    for index in options.indexes:
        if index.fields[:1] != ["tenant"]:
            yield _finding(model, "E004", f"the index {index.name} does not start with the tenant")


def _relations(model: type[models.Model], field: Any) -> Iterator[CheckMessage]:
    through = field.remote_field.through if isinstance(field, models.ManyToManyField) else None
    if through is not None and through._meta.auto_created:
        yield _finding(model, "E005", f"{field.name} has a table of its own without a tenant; write its model")
    if hasattr(field, "ct_field"):
        yield _finding(model, "E006", f"{field.name} may lead anywhere, so that no key can hold it")
    leads_to_tenant = isinstance(field, models.ForeignKey) and hasattr(field.related_model, "app_rights")
    if leads_to_tenant and not isinstance(field, TenantForeignKey):
        yield _finding(model, "E007", f"{field.name} leads to a tenant's table; use TenantForeignKey")


def _finding(model: type[models.Model], code: str, what: str) -> CheckMessage:
    return Error(f"{model._meta.label}: {what}", obj=model, id=f"lotkeeper.{code}")
