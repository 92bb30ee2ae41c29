"""A shop with something to sell, made through the operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import count

import pytest
from django.db import transaction
from django.utils import timezone

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Actor, Scope
from lotkeeper.catalog.models import ItemVariation, Product
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, StockMovement
from lotkeeper.stock.operations import IssueLine, Posting, ReceiptLine, deduct_stock, receive_stock, sell_at_till

_numbers = count(1)


@dataclass(frozen=True)
class Shop:
    """One outlet of a business of the test's own, seen by its owner, inside the business's scope."""

    actor: Actor
    outlet: Outlet

    def variation(self, *, decimals: int = 0, margin: int = 0, policy: str | None = None) -> ItemVariation:
        number = next(_numbers)
        with transaction.atomic():
            product = Product(name=f"Product {number}", sell_by_margin_days=margin, issue_policy=policy)
            product.save()
            variation = ItemVariation(product=product, sku=f"SKU-{number}", quantity_decimals=decimals)
            variation.save()
        return variation

    def receive(
        self,
        variation: ItemVariation,
        quantity: str | int,
        number: str = "A",
        *,
        expires_in: int | None = None,
        cost: str | None = None,
        outlet: Outlet | None = None,
    ) -> int:
        """Takes in one batch and gives its id; ``expires_in`` counts days from today (UTC)."""
        expiry = None if expires_in is None else dt.datetime.now(dt.UTC).date() + dt.timedelta(days=expires_in)
        line = ReceiptLine(variation.pk, Decimal(quantity), number, expiry, None if cost is None else Decimal(cost))
        place = outlet or self.outlet
        return receive_stock(actor=self.actor, outlet_id=place.pk, lines=[line], confirmed=True).movements[0].batch_id

    def sell(
        self, variation: ItemVariation, quantity: str | int, *, reference: str | None = None, batch: int | None = None
    ) -> Posting:
        return deduct_stock(
            actor=self.actor,
            outlet_id=self.outlet.pk,
            lines=[IssueLine(variation.pk, Decimal(quantity), batch)],
            reference_id=reference,
        )

    @cached_property
    def token(self) -> str:
        """A token of the owner's, for a till."""
        with transaction.atomic():
            return issue_token(actor=self.actor, name="till", scopes=(Scope.STOCK,), now=timezone.now()).plain

    def sell_at_till(self, variation_id: int, quantity: str | int, *, reference: str | None = None) -> Posting:
        """Sells as a till does, together with those that wait beside it; what comes of none is asked for once more."""
        line = IssueLine(variation_id, Decimal(quantity))
        known = reference or f"till-{next(_numbers)}"
        sold = sell_at_till(token=self.token, outlet_id=self.outlet.pk, line=line, reference_id=known, reason="")
        if sold is not None:
            return sold.posting
        return deduct_stock(actor=self.actor, outlet_id=self.outlet.pk, lines=[line], reference_id=known)

    def on_hand(self, variation: ItemVariation) -> dict[str, Decimal]:
        """What each batch number holds, whatever its state."""
        with transaction.atomic():
            return dict(Batch.objects.filter(variation=variation).values_list("batch_number", "quantity"))

    def ledger(self, variation: ItemVariation) -> list[tuple[str, str, Decimal, Decimal]]:
        """Every line as (batch number, kind, quantity, balance after), in the order of writing."""
        with transaction.atomic():
            return list(
                StockMovement.objects.filter(variation=variation)
                .order_by("recorded_at", "batch_id", "version")
                .values_list("batch__batch_number", "movement_type", "quantity", "balance_after")
            )


@pytest.fixture
def make_outlet(business: NewTenant) -> Callable[..., Outlet]:
    def make(name: str = "Main street", timezone: str = "UTC") -> Outlet:
        with transaction.atomic():
            outlet = Outlet(name=name, timezone=timezone)
            outlet.save()
        return outlet

    return make


@pytest.fixture
def shop(business: NewTenant, make_outlet: Callable[..., Outlet]) -> Iterator[Shop]:
    with tenant_scope(business.tenant.pk):
        yield Shop(business.actor, make_outlet())
