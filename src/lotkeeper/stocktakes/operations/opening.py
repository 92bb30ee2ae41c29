"""A stock take is opened: where, what it is about, who counts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.accounts.queries import colleagues_among, tenant_of
from lotkeeper.catalog.models import Category, ItemVariation, Supplier
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.outlets.queries import outlet_for
from lotkeeper.stock.errors import ReferenceReused
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import fingerprint
from lotkeeper.stock.policies import OperationKind, outlet_today
from lotkeeper.stocktakes.models import CountScope, StockTake, StockTakeAssignee, StockTakeListing
from lotkeeper.stocktakes.operations._take import database_now
from lotkeeper.stocktakes.operations.counting import Observation, record

#: More variations than this are better named by their category.
MAX_LISTED = 5_000
MAX_ASSIGNEES = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be counted: all of the outlet, or less. A list is told by variations, by batches of them, or both."""

    kind: CountScope = CountScope.OUTLET
    category_id: int | None = None
    supplier_id: int | None = None
    variation_ids: Sequence[int] = ()
    batch_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """How a stock take is counted.

    ``blind``: counters do not see the book. ``uncounted_is_zero``: what is in scope and was not found is not there.
    """

    blind: bool = False
    uncounted_is_zero: bool = False
    assignee_ids: Sequence[int] = field(default=())


def open_stock_take(
    *,
    actor: Actor,
    outlet_id: int,
    scope: Scope,
    rules: Rules | None = None,
    counted: Sequence[Observation] = (),
    notes: str = "",
    reference_id: str | None = None,
) -> StockTake:
    """Open a count at an outlet, with what was counted already, if anything was.

    Args:
        actor: who opens it.
        outlet_id: where.
        scope: what is to be counted.
        rules: how; as an open count by whoever may, when left out.
        counted: what was seen on the shelves just now.
        notes: a remark.
        reference_id: the same request under it opens one stock take.

    Raises:
        InvalidRequest: a scope that names nothing, or somebody who cannot count there.
        ReferenceReused, PermissionRefused, NotFound, OutOfScope, TooPrecise.
    """
    actor.require(Permission.COUNT, outlet_id)
    told = rules or Rules()
    made_of = {"outlet": outlet_id, "scope": scope, "rules": told, "counted": counted, "notes": notes}
    digest = fingerprint(OperationKind.STOCK_TAKE, made_of)

    def open_() -> StockTake:
        known = _known(reference_id, digest)
        if known is not None:
            return known
        outlet = outlet_for(actor, outlet_id)
        if not outlet.is_active:
            raise NotFound("outlet", outlet_id=outlet_id)
        now = database_now()
        tenant = tenant_of(actor)
        take = StockTake(
            tenant_id=actor.tenant_id,
            outlet=outlet,
            user_id=actor.user_id,
            date=outlet_today(outlet.timezone, now),
            notes=notes,
            scope=scope.kind,
            blind=told.blind,
            uncounted_is_zero=told.uncounted_is_zero,
            tolerance_units=tenant.count_tolerance_units,
            tolerance_value=tenant.count_tolerance_value,
            reference_id=reference_id,
            fingerprint=digest,
            created_at=now,
        )
        listed = _narrow(take, scope)
        take.save()
        StockTakeListing.objects.bulk_create(
            StockTakeListing(tenant_id=actor.tenant_id, stock_take=take, variation_id=each) for each in sorted(listed)
        )
        StockTakeAssignee.objects.bulk_create(
            StockTakeAssignee(tenant_id=actor.tenant_id, stock_take=take, user_id=each)
            for each in _assignees(actor, told.assignee_ids)
        )
        if counted:
            record(actor, take, counted, now=now)
        return take

    try:
        return in_transaction(open_)
    except IntegrityError as error:
        # Somebody else sent the same request at the same moment; theirs stands.
        if getattr(error.__cause__, "sqlstate", None) != "23505" or reference_id is None:
            raise
        return in_transaction(open_)


def _known(reference_id: str | None, digest: bytes) -> StockTake | None:
    if reference_id is None:
        return None
    known: StockTake | None = StockTake.objects.filter(reference_id=reference_id).first()
    if known is not None and bytes(known.fingerprint) != digest:
        raise ReferenceReused(reference_id=reference_id)
    if known is not None:
        known.replayed = True
    return known


def _narrow(take: StockTake, scope: Scope) -> set[int]:
    """Write the scope on the stock take; gives the variations of a list."""
    if scope.kind == CountScope.CATEGORY:
        if not Category.objects.filter(pk=scope.category_id).exists():
            raise NotFound("category", category_id=scope.category_id)
        take.category_id = scope.category_id
    elif scope.kind == CountScope.SUPPLIER:
        if not Supplier.objects.filter(pk=scope.supplier_id).exists():
            raise NotFound("supplier", supplier_id=scope.supplier_id)
        take.supplier_id = scope.supplier_id
    elif scope.kind == CountScope.LIST:
        return _listed(take.outlet_id, scope)
    return set()


def _listed(outlet_id: int, scope: Scope) -> set[int]:
    variations, batches = set(scope.variation_ids), set(scope.batch_ids)
    if not variations | batches or len(variations) + len(batches) > MAX_LISTED:
        raise InvalidRequest({"scope": [f"Name between 1 and {MAX_LISTED} variations or batches to count."]})
    known = set(ItemVariation.objects.filter(pk__in=variations).values_list("id", flat=True))
    if unknown := sorted(variations - known):
        raise NotFound("variation", variation_id=unknown[0])
    of_batches = dict(Batch.objects.filter(pk__in=batches, outlet_id=outlet_id).values_list("id", "variation_id"))
    if missing := sorted(batches - of_batches.keys()):
        raise NotFound("batch", batch_id=missing[0])
    return known | set(of_batches.values())


def _assignees(actor: Actor, user_ids: Sequence[int]) -> Sequence[int]:
    wanted = sorted(set(user_ids))
    if len(wanted) > MAX_ASSIGNEES:
        raise InvalidRequest({"assignee_ids": [f"At most {MAX_ASSIGNEES} people."]})
    known = colleagues_among(actor, wanted)
    if unknown := [each for each in wanted if each not in known]:
        raise NotFound("user", user_id=unknown[0])
    return wanted
