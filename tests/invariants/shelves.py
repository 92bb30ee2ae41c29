"""The shop as it really is: what stands on its shelves, whatever the book says.

Everybody who touches or looks at the shelves of a variation holds its aisle meanwhile: what a till takes and what it
enters, what a counter sees and the moment that is noted with it belong together, or the world itself would be in doubt.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from django.db import transaction

from lotkeeper.accounts.policies import Actor
from lotkeeper.catalog.models import ItemVariation, Product
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import IssueLine, Movement, ReceiptLine, receive_stock

ZERO = Decimal(0)
#: So much by outlet, variation and what is printed on the goods.
Stock = dict[tuple[int, int, str], Decimal]
VARIATIONS, BATCHES = 200, 500
#: The two places where goods of a batch stand; they are sold from the front.
FRONT, BACK = "front", "back"


def chance(seed: str) -> Random:
    """What happens to somebody by chance, the same for the same seed."""
    return Random(seed)  # noqa: S311  # no secret hangs on it


@dataclass(eq=False)
class Goods:
    """What there really is of one batch. ``batch_id`` is None while the book does not know it."""

    number: str
    cost: Decimal | None
    expiry: dt.date | None = None
    batch_id: int | None = None
    places: dict[str, Decimal] = field(default_factory=lambda: {FRONT: ZERO, BACK: ZERO})
    #: There was more of it than the book says: it can run out in the book before it does on the shelf.
    surplus: bool = False

    @property
    def quantity(self) -> Decimal:
        return sum(self.places.values(), ZERO)

    def take(self, quantity: Decimal) -> None:
        assert quantity <= self.quantity
        from_front = min(quantity, self.places[FRONT])
        self.places[FRONT] -= from_front
        self.places[BACK] -= quantity - from_front

    def put(self, quantity: Decimal) -> None:
        self.places[FRONT] += quantity


@dataclass(eq=False)
class Aisle:
    """Where all goods of one variation stand, at the shop and at its branch."""

    position: int
    variation_id: int
    decimals: int
    goods: dict[str, Goods] = field(default_factory=dict)
    branch: dict[str, Decimal] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def some(self, random: Random, most: Decimal) -> Decimal:
        """A quantity of at most this, in the variation's precision; 0 if there is none."""
        steps = int(most.scaleb(self.decimals))
        return Decimal(random.randint(1, steps)).scaleb(-self.decimals) if steps else ZERO

    def lot(self, random: Random, today: dt.date) -> tuple[Goods, IssueLine] | None:
        """A batch that may be sold and is there, and some of it, taken into the hand."""
        there = [each for each in self.goods.values() if each.batch_id is not None and each.quantity > 0]
        good = [each for each in there if each.expiry is None or each.expiry > today]
        if not good:
            return None
        goods = random.choice(good)
        return goods, IssueLine(self.variation_id, self.some(random, min(goods.quantity, Decimal(4))), goods.batch_id)


class World:
    """A shop with a branch, its aisles, and what everybody has to know of each other."""

    def __init__(self, actor: Actor, seed: int) -> None:
        self.actor = actor
        random = chance(f"world {seed}")
        with transaction.atomic():
            self.shop_id = Outlet.objects.create(name="Main street").pk
            self.branch_id = Outlet.objects.create(name="Branch").pk
            product = Product.objects.create(name="Goods")
            variations = ItemVariation.objects.bulk_create(
                ItemVariation(
                    tenant_id=actor.tenant_id,
                    product=product,
                    sku=f"V{number}",
                    quantity_decimals=3 * (number % 9 == 0),
                )
                for number in range(VARIATIONS)
            )
        self.aisles = [Aisle(at, each.pk, each.quantity_decimals) for at, each in enumerate(variations)]
        self._fill(random)
        self._lose_and_find(random)
        self._deliver_unnoticed(random)

    @contextmanager
    def holding(self, aisles: Iterable[Aisle]) -> Iterator[None]:
        """Nobody else touches these shelves, or looks at them."""
        with ExitStack() as held:
            for aisle in sorted(set(aisles), key=lambda each: each.position):
                held.enter_context(aisle.lock)
            yield

    def receive(self, lines: Iterable[tuple[Aisle, Goods, Decimal]], *, outlet_id: int, **more: dt.datetime) -> None:
        """Enter a delivery in the book; the caller puts it on the shelf."""
        wanted = [
            (goods, ReceiptLine(aisle.variation_id, quantity, goods.number, goods.expiry, goods.cost))
            for aisle, goods, quantity in lines
        ]
        posting = receive_stock(
            actor=self.actor, outlet_id=outlet_id, lines=[line for _, line in wanted], confirmed=True, **more
        )
        for (goods, _), movement in zip(wanted, posting.movements, strict=True):
            if outlet_id == self.shop_id:
                goods.batch_id = movement.batch_id

    def take(self, aisles: Mapping[int, Aisle], movements: Iterable[Movement]) -> bool:
        """Take from the shelves what an answer says; False, and nothing is taken, if it is not there."""
        wanted = [(aisles[each.variation_id].goods[each.batch_number], -each.quantity) for each in movements]
        if any(quantity > goods.quantity for goods, quantity in wanted):
            return False
        for goods, quantity in wanted:
            goods.take(quantity)
        return True

    def shelves(self) -> Stock:
        """What there is."""
        return {
            (self.shop_id, aisle.variation_id, goods.number): goods.quantity
            for aisle in self.aisles
            for goods in aisle.goods.values()
        } | {
            (self.branch_id, aisle.variation_id, number): quantity
            for aisle in self.aisles
            for number, quantity in aisle.branch.items()
        }

    @staticmethod
    def book() -> Stock:
        """The same by the book."""
        with transaction.atomic():
            found = Batch.objects.values_list("outlet_id", "variation_id", "batch_number", "quantity")
            return {(outlet_id, variation_id, number): quantity for outlet_id, variation_id, number, quantity in found}

    def _fill(self, random: Random) -> None:
        arrived = []
        for position in range(BATCHES):
            aisle = self.aisles[position % VARIATIONS]
            goods = Goods(f"B{position}", Decimal(random.randint(1, 900)) / 100, _expiry(random))
            quantity = aisle.some(random, Decimal(40))
            goods.places = {FRONT: quantity, BACK: ZERO}
            if random.random() < 0.4:
                goods.places[BACK] = aisle.some(random, quantity)
                goods.places[FRONT] -= goods.places[BACK]
            aisle.goods[goods.number] = goods
            arrived.append((aisle, goods, quantity))
        self.receive(arrived, outlet_id=self.shop_id)
        sent = [(aisle, Goods("N", Decimal(1)), Decimal(12)) for aisle in random.sample(self.aisles, 20)]
        self.receive(sent, outlet_id=self.branch_id)
        for aisle, goods, quantity in sent:
            aisle.branch[goods.number] = quantity

    def _lose_and_find(self, random: Random) -> None:
        """Before anybody counts, the shelves of every fifth batch differ from the book."""
        for aisle in self.aisles:
            for goods in list(aisle.goods.values()):
                kind = random.random()
                if kind < 0.1:
                    goods.take(aisle.some(random, goods.quantity))
                elif kind < 0.2:
                    goods.put(aisle.some(random, Decimal(5)))
                    goods.surplus = True

    def _deliver_unnoticed(self, random: Random) -> None:
        """Goods that stand on the shelf and in no book: some are entered while the count goes on, some never."""
        self.unentered = random.sample(self.aisles, 20)
        self.delivered_at = dt.datetime.now(dt.UTC)
        for aisle in self.unentered:
            goods = Goods("X", None if random.random() < 0.5 else Decimal(2), _expiry(random))
            goods.put(aisle.some(random, Decimal(9)))
            aisle.goods[goods.number] = goods


def _expiry(random: Random) -> dt.date | None:
    """Undated, long expired, or good for a while yet."""
    days = random.choice([None, -30, 30, 60, 365])
    return None if days is None else dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
