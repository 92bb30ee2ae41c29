"""The model base that keeps every row with its tenant.

Models stay ordinary Django; what they add is what keeps a later move to Citus possible: every key of a tenant table
starts with its tenant, and a reference across tenants cannot exist.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.expressions import Col
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.lookups import Exact

from lotkeeper.core.tenancy import current_tenant_id


class TenantManager(models.Manager[Any]):
    """Rows of the tenant in scope, named as a constant in the statement (one shard, one index prefix)."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(tenant_id=current_tenant_id())


class _RowOfTenant(ForwardManyToOneDescriptor):  # type: ignore[type-arg]  # generic in the stubs alone
    """What a relation leads to, read with the tenant named: ``line.batch``, one by one or for many lines at once."""

    def get_queryset(self, **hints: Any) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = super().get_queryset(**hints)
        return rows.filter(tenant_id=current_tenant_id())


class TenantForeignKey(models.ForeignKey):  # type: ignore[type-arg]  # the stubs' generics do not pass through a subclass
    """A relation inside one tenant.

    An ordinary ForeignKey to the eye. Its database constraint is ``(tenant_id, x_id) -> (tenant_id, id)`` (written by
    ``core.postgres.schema``), and its joins and what it leads to carry the tenant too.
    """

    names_tenant = True
    forward_related_accessor_class = _RowOfTenant

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        if alias is None or related_alias is None:
            return None
        remote: Any = self.remote_field.model._meta.get_field("tenant")
        local: Any = self.model._meta.get_field("tenant")
        return Exact(Col(alias, remote), Col(related_alias, local))


class TenantModel(models.Model):
    """A row that belongs to one tenant, with the unique ``(tenant, id)`` that composite references point at."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)

    #: What the application's role may do with the table, and what the posting functions' role may. Granted after
    #: every migration by ``core.postgres.security``; the ledger's tables narrow the first and name the second.
    app_rights: ClassVar[str] = "SELECT, INSERT, UPDATE, DELETE"
    poster_rights: ClassVar[str] = "SELECT"
    #: Whether the journal outside the database tells of its rows, since ledger lines would mean nothing without them.
    in_journal: ClassVar[bool] = False

    objects: ClassVar[Any] = TenantManager()
    #: For migrations and the few look-ups that are meant to cross tenants; row-level security still applies.
    unscoped: ClassVar[Any] = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"
        constraints: ClassVar[tuple[models.BaseConstraint, ...]] = (
            models.UniqueConstraint(fields=["tenant", "id"], name="%(app_label)s_%(class)s_tenant_id"),
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row in the tenant in scope."""
        if self.tenant_id is None:
            self.tenant_id = current_tenant_id()
        super().save(*args, **kwargs)

    def refresh_from_db(
        self, using: str | None = None, fields: Any = None, from_queryset: models.QuerySet[Any] | None = None
    ) -> None:
        """Read the row again, in the tenant in scope."""
        super().refresh_from_db(using, fields, type(self).objects.all() if from_queryset is None else from_queryset)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row in the tenant in scope."""
        deleted: tuple[int, dict[str, int]] = type(self).objects.filter(pk=self.pk).delete()
        return deleted

    def _do_update(self, base_qs: models.QuerySet[Any], *args: Any) -> Any:
        return super()._do_update(base_qs.filter(tenant_id=self.tenant_id), *args)
