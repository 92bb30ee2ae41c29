"""The old stock as opening movements, so that the new ledger starts true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from lotkeeper.accounts.operations.tenants import TenantDetails, add_tenant, new_tenant_transaction
from lotkeeper.accounts.policies import Actor, Channel
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.imports.plans.common import pieces
from lotkeeper.imports.queries import Known, variations_by_sku
from lotkeeper.legacy.errors import OldStockChanged
from lotkeeper.legacy.operations.catalogue import bring_outlets, bring_products
from lotkeeper.legacy.policies.opening import OpeningBatch, OpeningPlan
from lotkeeper.legacy.queries import brought_before, opening_units
from lotkeeper.stock.errors import TooPrecise
from lotkeeper.stock.operations import Arrival, Entry, Fate, Outcome, fingerprint, import_opening_stock
from lotkeeper.stock.policies import OperationKind

#: Batches that are received in one call.
_TOGETHER = 1000
_REASON = "Opening stock from the old system"


@dataclass(frozen=True, slots=True)
class BroughtOver:
    """What became of a plan: what is new, what was there before, and how much the ledger now says was brought."""

    variations: int
    posted: int
    replayed: int
    units: Decimal


def bring_over_stock(*, actor: Actor, plan: OpeningPlan) -> BroughtOver:
    """Make the outlets and products that are missing and receive every batch as opening stock: all of it, or nothing.

    What was brought over before is left as it is, so the same plan again changes nothing.

    Raises:
        OldStockChanged: if a batch was brought over before with other figures, or is in the plan no longer.
        TooPrecise: if a variation is counted less exactly here than in the old stock; a new one is counted in pieces.
        PermissionRefused, and what the catalogue refuses.
    """
    return in_transaction(lambda: _bring(actor, plan))


def open_with_old_stock(*, details: TenantDetails, plan: OpeningPlan) -> BroughtOver:
    """Open the books of a new business with the old stock in them: both, or neither.

    Raises:
        InvalidRequest, EmailTaken: what opening a business refuses.
        And what ``bring_over_stock`` raises.
    """
    with new_tenant_transaction() as tenant_id:
        opened = add_tenant(tenant_id=tenant_id, details=details)
        return bring_over_stock(actor=replace(opened.actor, channel=Channel.IMPORT), plan=plan)


def _bring(actor: Actor, plan: OpeningPlan) -> BroughtOver:
    outlet_ids = bring_outlets(actor, plan.outlets)
    made = bring_products(actor, plan.products)
    planned = {batch.reference for batch in plan.batches}
    changed = sorted(set(brought_before(plan.prefix)) - planned)
    variations = variations_by_sku()
    fates: Counter[Fate] = Counter()
    operation_ids: list[int] = []
    for outlet, batches in _by_outlet(plan.batches).items():
        for piece in pieces(batches, _TOGETHER):
            for batch, outcome in zip(piece, _receive(actor, outlet_ids[outlet], piece, variations), strict=True):
                fates[outcome.fate] += 1
                operation_ids += [] if outcome.operation_id is None else [outcome.operation_id]
                if outcome.fate is Fate.MISMATCH:
                    changed.append(batch.reference)
                elif outcome.fate is Fate.REFUSED:
                    raise outcome.refusal()
    if changed:
        raise OldStockChanged(count=len(changed), first=changed[0])
    return BroughtOver(made, fates[Fate.POSTED], fates[Fate.REPLAYED], opening_units(operation_ids))


def _receive(
    actor: Actor, outlet_id: int, batches: Sequence[OpeningBatch], variations: Mapping[str, Known]
) -> Sequence[Outcome]:
    receipts = [(_entry(batch), [(batch.quantity, _arrival(outlet_id, batch, variations))]) for batch in batches]
    return import_opening_stock(actor=actor, outlet_id=outlet_id, receipts=receipts)


def _by_outlet(batches: Sequence[OpeningBatch]) -> Mapping[str, Sequence[OpeningBatch]]:
    found: dict[str, list[OpeningBatch]] = defaultdict(list)
    for batch in batches:
        found[batch.outlet].append(batch)
    return found


def _entry(batch: OpeningBatch) -> Entry:
    # The note is left out of the fingerprint: what is expired today was not when the same batch was brought over.
    told = {
        "sku": batch.sku,
        "outlet": batch.outlet,
        "batch_number": batch.batch_number,
        "expiry_date": batch.expiry_date,
        "unit_cost": batch.unit_cost,
        "quantity": batch.quantity,
    }
    kind = OperationKind.RECEIPT
    return Entry(kind, fingerprint(kind, told), batch.reference, _REASON, batch.note)


def _arrival(outlet_id: int, batch: OpeningBatch, variations: Mapping[str, Known]) -> Arrival:
    known = variations[batch.sku]
    if batch.quantity != round(batch.quantity, known.decimals):
        sentence = (
            f"{batch.sku} is counted with {known.decimals} decimals here, and the old stock says {batch.quantity:f}."
            " Make it under this SKU first, with the unit it is counted in."
        )
        raise TooPrecise(sentence, quantity_decimals=known.decimals)
    return Arrival(
        outlet_id, known.variation_id, batch.batch_number, batch.expiry_date, batch.unit_cost, batch.received_at
    )
