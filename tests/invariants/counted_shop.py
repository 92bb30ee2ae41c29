"""The people of a shop that is counted while it sells: tills, an office, counters, and whoever closes the count.

Each is a thread with a connection of its own and a seed of its own. They go through the operations, and do in the world
of ``shelves`` what they tell the book, or what the book told them.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from tests.concurrency.racing import at_once
from tests.invariants.shelves import BACK, ZERO, Aisle, Goods, Stock, World, chance

from lotkeeper.accounts.policies import Actor
from lotkeeper.stock.errors import InsufficientStockError, SoldSinceCounted
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    VariationQuantity,
    deduct_stock,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import CountScope, StockTake
from lotkeeper.stocktakes.operations import (
    Found,
    Observation,
    Scope,
    complete_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
    request_recount,
)
from lotkeeper.stocktakes.queries import LinesWanted, VarianceLine, variance_lines
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock

T = TypeVar("T")

TILLS, COUNTERS = 4, 3
#: A day takes some 4 s; nobody waits longer than this for anybody, on whatever machine.
DAY_SECONDS = 240


def now() -> dt.datetime:
    """The clock on the wall; the database runs on the same machine."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Signals:
    """What the people call out to each other."""

    counted: threading.Event = field(default_factory=threading.Event)
    posted: threading.Event = field(default_factory=threading.Event)
    #: Everybody has entered what they had kept back.
    entered: threading.Barrier = field(default_factory=lambda: threading.Barrier(TILLS + 2))
    seen: threading.Barrier = field(default_factory=lambda: threading.Barrier(COUNTERS + 1))

    @staticmethod
    def until(called: threading.Event, random: Random, verbs: Sequence[Callable[[], None]]) -> None:
        """Do one thing after another, with a moment between, until it is called out."""
        while not called.wait(random.random() * 0.02):
            random.choice(verbs)()

    def stop(self) -> None:
        """Something went wrong: nobody waits for anybody any more."""
        self.counted.set()
        self.posted.set()
        self.entered.abort()
        self.seen.abort()


class Till:
    """Sells; now and then without the network, to be entered later."""

    def __init__(self, world: World, signals: Signals, seed: str) -> None:
        self.world, self.signals, self.random = world, signals, chance(seed)
        self.kept: list[Callable[[], object]] = []
        self.sold: list[Posting] = []

    def work(self) -> None:
        online, offline = [self.sell, self.sell, self.sell_lot, self.take_back], [self.sell_offline, self.enter]
        self.signals.until(self.signals.counted, self.random, [*online, *offline])
        while self.kept:
            self.enter()
        self.signals.entered.wait(DAY_SECONDS)
        self.signals.until(self.signals.posted, self.random, online)

    def sell(self) -> None:
        """A basket by the rule. What the book has and the shelf has not cannot be handed over: the sale is void."""
        basket = {each.variation_id: each for each in self.random.sample(self.world.aisles, self.random.randint(1, 3))}
        lines = [IssueLine(each.variation_id, each.some(self.random, Decimal(6))) for each in basket.values()]
        with self.world.holding(basket.values()):
            posting = _unless_refused(lambda: self._deduct(lines))
            if posting is None:
                return
            if self.world.take(basket, posting.movements):
                self.sold.append(posting)
            else:
                reverse_operation(actor=self.world.actor, operation_id=posting.operation_id, reason="not on the shelf")

    def sell_lot(self) -> None:
        """The lot in the clerk's hand; refused, it goes back on the shelf."""
        aisle = self.random.choice(self.world.aisles)
        with self.world.holding([aisle]):
            lot = aisle.lot(self.random, now().date())
            if lot is None:
                return
            goods, line = lot
            posting = _unless_refused(lambda: self._deduct([line]))
            if posting is not None:
                goods.take(line.quantity)
                self.sold.append(posting)

    def sell_offline(self) -> None:
        """Goods leave the shelf now; the book is told later, and sometimes twice, of what left and when."""
        aisle = self.random.choice(self.world.aisles)
        if aisle.position % 10 == 0:
            return  # counted and posted by the office meanwhile, see ``Office.count_some``
        with self.world.holding([aisle]):
            lot = aisle.lot(self.random, now().date())
            if lot is None or lot[0].surplus:
                return
            goods, line = lot
            goods.take(line.quantity)
            moment, reference = now(), uuid4().hex

        def enter() -> None:
            with self.world.holding([aisle]):
                self._deduct([line], occurred_at=moment, reference_id=reference)

        self.kept += [enter] * self.random.choice([1, 1, 2])

    def take_back(self) -> None:
        """A customer brings back a part of an earlier sale."""
        if not self.sold:
            return
        sale = self.sold.pop(self.random.randrange(len(self.sold)))
        aisle = next(each for each in self.world.aisles if each.variation_id == sale.movements[0].variation_id)
        bought = -sum(each.quantity for each in sale.movements if each.variation_id == aisle.variation_id)
        with self.world.holding([aisle]):
            back = return_sale(
                actor=self.world.actor,
                sale_id=sale.operation_id,
                lines=[VariationQuantity(aisle.variation_id, aisle.some(self.random, bought))],
            )
            for movement in back.movements:
                aisle.goods[movement.batch_number].put(movement.quantity)

    def enter(self) -> None:
        """One of the sales that were made without the network, in any order."""
        if self.kept:
            self.kept.pop(self.random.randrange(len(self.kept)))()

    def _deduct(self, lines: Sequence[IssueLine], **more: object) -> Posting:
        return deduct_stock(actor=self.world.actor, outlet_id=self.world.shop_id, lines=lines, **more)  # type: ignore[arg-type]


class Office:
    """Deliveries, breakage, returns to suppliers, goods to and from the branch; and a small count of its own."""

    def __init__(self, world: World, signals: Signals, seed: str) -> None:
        self.world, self.signals, self.random = world, signals, chance(seed)
        self.unentered = world.unentered[:10]
        self.received = 0

    def work(self) -> None:
        verbs = [self.receive, self.write_off, self.send_back, self.send_away, self.fetch, self.enter_delivery]
        self.count_some()
        self.signals.until(self.signals.counted, self.random, verbs)
        while self.unentered:
            self.enter_delivery()
        self.count_some()
        self.signals.entered.wait(DAY_SECONDS)
        self.signals.until(self.signals.posted, self.random, verbs)

    def receive(self) -> None:
        """More of a batch, or a new one."""
        aisle = self.random.choice(self.world.aisles)
        with self.world.holding([aisle]):
            goods = self._known(aisle)
            if goods is None or self.random.random() < 0.3:
                self.received += 1
                goods = aisle.goods[f"R{self.received}"] = Goods(f"R{self.received}", Decimal(3))
            quantity = aisle.some(self.random, Decimal(20))
            before = goods.batch_id
            self.world.receive([(aisle, goods, quantity)], outlet_id=self.world.shop_id)
            assert before in (None, goods.batch_id)
            goods.put(quantity)

    def write_off(self) -> None:
        self._remove(
            lambda line: write_off_stock(
                actor=self.world.actor, lines=[line], movement_type=MovementKind.DAMAGE, reason="broken"
            )
        )

    def send_back(self) -> None:
        self._remove(
            lambda line: return_stock(actor=self.world.actor, lines=[line], movement_type=MovementKind.SUPPLIER_RETURN)
        )

    def send_away(self) -> None:
        """A lot for the branch, where it arrives at once."""
        aisle = self.random.choice(self.world.aisles)
        with self.world.holding([aisle]):
            lot = aisle.lot(self.random, now().date())
            if lot is None:
                return
            goods, line = lot
            for number, quantity, _ in self._transfer(self.world.shop_id, self.world.branch_id, line):
                goods.take(quantity)
                aisle.branch[number] = aisle.branch.get(number, ZERO) + quantity

    def fetch(self) -> None:
        """Goods of the branch, some of a batch that the shop never had."""
        aisle = self.random.choice([each for each in self.world.aisles if each.branch])
        with self.world.holding([aisle]):
            line = IssueLine(aisle.variation_id, aisle.some(self.random, Decimal(5)))
            for number, quantity, batch_id in self._transfer(self.world.branch_id, self.world.shop_id, line):
                aisle.branch[number] -= quantity
                goods = aisle.goods.setdefault(number, Goods(number, Decimal(1), batch_id=batch_id))
                assert goods.batch_id == batch_id
                goods.put(quantity)

    def enter_delivery(self) -> None:
        """Goods that had stood on the shelf before anybody counted get into the book; the note may be wrong by one."""
        if not self.unentered:
            return
        aisle = self.unentered.pop()
        with self.world.holding([aisle]):
            goods = aisle.goods["X"]
            wrong = self.random.choice([0, 0, 1])
            self.world.receive(
                [(aisle, goods, goods.quantity + wrong)],
                outlet_id=self.world.shop_id,
                occurred_at=self.world.delivered_at,
            )

    def count_some(self) -> None:
        """A count of every tenth variation is opened, counted and posted beside the large one."""
        aisles = [each for each in self.world.aisles if each.position % 10 == 0]
        take = open_stock_take(
            actor=self.world.actor,
            outlet_id=self.world.shop_id,
            scope=Scope(CountScope.LIST, variation_ids=[each.variation_id for each in aisles]),
        )
        seen = []
        for aisle in aisles:
            with self.world.holding([aisle]):
                moment = now()
                seen += [
                    Observation(goods.batch_id, goods.quantity, moment, reason="cycle count")
                    for goods in aisle.goods.values()
                    if goods.batch_id is not None and self.random.random() < 0.6
                ]
        record_counts(actor=self.world.actor, stock_take_id=take.pk, observations=seen)
        _post(self.world.actor, take)

    def _known(self, aisle: Aisle) -> Goods | None:
        known = [each for each in aisle.goods.values() if each.batch_id is not None]
        return self.random.choice(known) if known else None

    def _remove(self, enter: Callable[[BatchQuantity], Posting]) -> None:
        aisle = self.random.choice(self.world.aisles)
        with self.world.holding([aisle]):
            goods = self._known(aisle)
            if goods is None or goods.batch_id is None or goods.quantity == 0:
                return
            line = BatchQuantity(goods.batch_id, aisle.some(self.random, min(goods.quantity, Decimal(3))))
            if _unless_refused(lambda: enter(line)) is not None:
                goods.take(line.quantity)

    def _transfer(self, source_id: int, destination_id: int, line: IssueLine) -> Iterable[tuple[str, Decimal, int]]:
        sent = _unless_refused(
            lambda: transfer_stock(
                actor=self.world.actor, source_id=source_id, destination_id=destination_id, lines=[line]
            )
        )
        if sent is None:
            return []
        with transaction.atomic():
            arrived = [ArrivedLine(each.pk, each.quantity_sent) for each in sent.lines.all()]
        received = receive_transfer(actor=self.world.actor, transfer_id=sent.pk, arrived=arrived)
        with transaction.atomic():
            return [
                (each.batch.batch_number, each.quantity_received, each.received_batch_id)
                for each in received.lines.select_related("batch")
            ]


class Counter:
    """Walks along the shelves and writes down what stands there: at once, or later without the network, or twice."""

    def __init__(
        self, world: World, signals: Signals, seed: str, take: StockTake, walk: Sequence[tuple[Aisle, Goods]]
    ) -> None:
        self.world, self.signals, self.random, self.take, self.walk = world, signals, chance(seed), take, walk
        self.kept: list[Observation] = []
        self.doubted: list[Goods] = []

    def work(self) -> None:
        pending: list[Observation] = []
        for aisle, goods in self.walk:
            if self.random.random() < 0.1:
                self.look_and_tell(aisle, goods)
                continue
            (self.kept if self.random.random() < 0.5 else pending).extend(self.look(aisle, goods))
            if self.random.random() < 0.1:
                self.send(pending)
                pending = []
            if self.random.random() < 0.02:
                self.send(self.random.sample(self.kept, len(self.kept) // 2))
        self.kept += pending
        self.signals.seen.wait(DAY_SECONDS)

    def look(self, aisle: Aisle, goods: Goods) -> list[Observation]:
        """Both places of a batch in one look, or one after the other with customers between."""
        with self.world.holding([aisle]):
            places = self.random.sample(sorted(goods.places), len(goods.places))
            apart = goods.places[BACK] > 0 and self.random.random() < 0.3
            seen = [] if apart else [self._seen(aisle, goods, place, now()) for place in places]
        if apart:
            for place in places:
                with self.world.holding([aisle]):
                    seen.append(self._seen(aisle, goods, place, now()))
        return seen

    def look_and_tell(self, aisle: Aisle, goods: Goods) -> None:
        """A device that knows no time: what is seen is told on the spot."""
        with self.world.holding([aisle]):
            self.send([self._seen(aisle, goods, place, None) for place in goods.places])

    def look_again(self, aisle: Aisle, goods: Goods) -> list[Observation]:
        """What was asked to be counted again is counted well."""
        with self.world.holding([aisle]):
            batch, moment = _batch(aisle, goods), now()
            return [Observation(batch, quantity, moment, place=place) for place, quantity in goods.places.items()]

    def send(self, seen: Sequence[Observation]) -> None:
        """What was seen, in any order."""
        if seen:
            told = self.random.sample(seen, len(seen))
            record_counts(actor=self.world.actor, stock_take_id=self.take.pk, observations=told, sent_at=now())

    def _seen(self, aisle: Aisle, goods: Goods, place: str, moment: dt.datetime | None) -> Observation:
        """What is there; sometimes one counts wrong, and is doubted for it later."""
        quantity = goods.places[place]
        if self.random.random() < 0.03:
            quantity += self.random.randint(1, 4)
            self.doubted.append(goods)
        number = UUID(int=self.random.getrandbits(128), version=4)
        return Observation(_batch(aisle, goods), quantity, moment, client_id=number, place=place, round=1)


class Manager:
    """Closes the count while the tills go on."""

    def __init__(self, world: World, signals: Signals, take: StockTake, counters: Sequence[Counter]) -> None:
        self.world, self.signals, self.take, self.counters = world, signals, take, counters

    def work(self) -> None:
        self.signals.seen.wait(DAY_SECONDS)
        for counter in self.counters:
            counter.send(counter.kept[::2])
        complete_stock_take(actor=self.world.actor, stock_take_id=self.take.pk)
        self.signals.counted.set()
        self.signals.entered.wait(DAY_SECONDS)
        for counter in self.counters:
            # What was sent before is among it.
            counter.send(counter.kept)
        self._count_again([line for line in self._lines() if self._is_doubtful(line)])
        assert [line for line in self._lines() if line.moved_between_places or line.disagreement] == []
        _post(self.world.actor, self.take)
        # The tills go on for a while, for the movements after posting.
        time.sleep(0.1)
        self.signals.posted.set()

    def _lines(self) -> Sequence[VarianceLine]:
        with transaction.atomic():
            return variance_lines(self.take, LinesWanted(), Window(None, 1000))

    def _is_doubtful(self, line: VarianceLine) -> bool:
        doubted = {goods.number for counter in self.counters for goods in counter.doubted}
        return line.disagreement or line.moved_between_places != 0 or line.batch_number in doubted

    def _count_again(self, lines: Sequence[VarianceLine]) -> None:
        request_recount(actor=self.world.actor, stock_take_id=self.take.pk, item_ids=[line.item_id for line in lines])
        aisles = {aisle.variation_id: aisle for aisle in self.world.aisles}
        counter = self.counters[0]
        for line in lines:
            aisle = aisles[line.variation_id]
            counter.send(counter.look_again(aisle, aisle.goods[line.batch_number]))


@dataclass(frozen=True)
class Day:
    """What there is when it is over, and what the book said when the count was opened."""

    world: World
    take: StockTake
    book_before: Stock


def play(actor: Actor, seed: int) -> Day:
    """A day on which everything is counted and posted while the shop sells."""
    world, signals, random = World(actor, seed), Signals(), chance(f"walks {seed}")
    shelves = [(aisle, goods) for aisle in world.aisles for goods in aisle.goods.values()]
    # Some shelves are counted by two.
    walk = random.sample(shelves + random.sample(shelves, 60), len(shelves) + 60)
    take = open_stock_take(actor=actor, outlet_id=world.shop_id, scope=Scope(CountScope.OUTLET))
    book_before = world.book()
    counters = [
        Counter(world, signals, f"counter {seed} {each}", take, walk[each::COUNTERS]) for each in range(COUNTERS)
    ]
    tills = [Till(world, signals, f"till {seed} {each}") for each in range(TILLS)]
    people = [*tills, *counters, Office(world, signals, f"office {seed}"), Manager(world, signals, take, counters)]

    def working(work: Callable[[], None]) -> Callable[[], None]:
        def watched() -> None:
            try:
                work()
            except BaseException:
                signals.stop()
                raise

        return watched

    for failure in at_once(*[working(each.work) for each in people], seconds=DAY_SECONDS):
        if isinstance(failure, Exception) and not isinstance(failure, threading.BrokenBarrierError):
            raise failure
    return Day(world, take, book_before)


def _batch(aisle: Aisle, goods: Goods) -> int | Found:
    """How a counter names a batch: by the book's label, or by what is printed on it."""
    return goods.batch_id or Found(aisle.variation_id, goods.number, goods.expiry, goods.cost)


def _post(actor: Actor, take: StockTake) -> None:
    """Post a count. A sale that will be void in a moment may take more than had been counted: then once more."""
    for _ in range(20):
        with suppress(SoldSinceCounted):
            reconcile_stock_take(actor=actor, stock_take_id=take.pk)
            return
    raise AssertionError


def _unless_refused(ask: Callable[[], T]) -> T | None:
    """The answer, or None where the book has less than the shelf."""
    try:
        return ask()
    except InsufficientStockError:
        return None
