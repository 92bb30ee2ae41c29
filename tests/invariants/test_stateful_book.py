"""Whatever is done, in whatever order: the database's book is the model's book.

Hypothesis makes up days in the life of a business with two outlets, on whose clocks it is never the same day, and holds
every answer, every refusal and every balance to the pure model in ``book``. Another business beside it, which uses the
same references and batch numbers, must never notice. ``HYPOTHESIS_PROFILE=thorough`` looks longer.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

import psycopg
import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.concurrency.racing import changed, functions, on_database, scratch_database, unsound_batches
from tests.invariants.book import BatchState, Book, Counting, Expected, Item, Journey, Promise, Wanted

from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.catalog.models import ItemVariation, Product
from lotkeeper.core.errors import Refusal
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock import errors
from lotkeeper.stock._ledger import Entry, Issue, deduct_many
from lotkeeper.stock.checks import check_names, check_tenant
from lotkeeper.stock.models import Batch, Operation, StockItem, StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    ReceiptLine,
    VariationQuantity,
    adjust_stock,
    amend_batch,
    archive_batch,
    commit_reservation,
    deduct_stock,
    hold_batch,
    lapse_reservations,
    receive_stock,
    release_batch,
    release_reservation,
    reserve_stock,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import BatchStatus, MovementKind, OperationKind
from lotkeeper.stock.queries import LineAsked, preview_deduction, preview_issue
from lotkeeper.stocktakes.models import StockTakeItem
from lotkeeper.stocktakes.operations import (
    Observation,
    Scope,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
    request_recount,
)
from lotkeeper.transfers.models import Transfer
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock

BEGINNING = dt.datetime(2026, 6, 15, 9, 30, tzinfo=dt.UTC)
#: A day ahead of UTC and most of a day behind it.
TIMEZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago")

#: The functions ask one clock, and this one stands where the test puts it.
STANDING_CLOCK = """
CREATE TABLE lk.standing_clock (instant timestamptz NOT NULL);
INSERT INTO lk.standing_clock VALUES ('2026-06-15T09:30:00Z');
GRANT SELECT ON lk.standing_clock TO PUBLIC;
CREATE OR REPLACE FUNCTION lk.clock() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT instant FROM lk.standing_clock';
"""

_COMMON = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=True,
    report_multiple_bugs=False,
)
PROFILES = {
    "ci": settings(_COMMON, max_examples=40, stateful_step_count=30),
    "thorough": settings(_COMMON, max_examples=1000, stateful_step_count=60),
}
PROFILE = PROFILES.get(os.environ.get("HYPOTHESIS_PROFILE", "ci"), PROFILES["ci"])


@dataclass(frozen=True)
class World:
    """What the days are played in: a database whose clock can be set, and a business beside."""

    set_clock: Callable[[dt.datetime], None]
    neighbour: NewTenant
    neighbour_batch: int
    neighbour_variation: int


@contextmanager
def _world(database_url: str, *scripts: str) -> Iterator[World]:
    with scratch_database("clock", STANDING_CLOCK, *scripts) as name:
        address = {**conninfo_to_dict(database_url), "user": "postgres", "dbname": name}
        with psycopg.connect(make_conninfo("", **address), autocommit=True) as owner, on_database(name):

            def set_clock(instant: dt.datetime) -> None:
                owner.execute("UPDATE lk.standing_clock SET instant = %s", [instant])

            neighbour = _business("Neighbour")
            with tenant_scope(neighbour.tenant.pk):
                with transaction.atomic():
                    outlet = Outlet.objects.create(name="Next door")
                    product = Product.objects.create(name="Plasters")
                    variation = ItemVariation.objects.create(product=product, sku="P1")
                line = ReceiptLine(variation.pk, Decimal(100), "A")
                receipt = receive_stock(actor=neighbour.actor, outlet_id=outlet.pk, lines=[line], confirmed=True)
                for number in range(30):
                    deduct_stock(
                        actor=neighbour.actor,
                        outlet_id=outlet.pk,
                        lines=[IssueLine(variation.pk, Decimal(1))],
                        reference_id=f"ref-{number}",
                    )
            yield World(set_clock, neighbour, receipt.movements[0].batch_id, variation.pk)


def _business(name: str) -> NewTenant:
    return create_tenant(
        name=name,
        currency="EUR",
        timezone="UTC",
        owner_email=f"owner-{uuid4().hex}@shop.example",
        owner_password=None,
    )


Batches = dict[int, tuple[Decimal, int, str, str, dt.date | None, Decimal | None, dt.datetime]]


def _batches() -> Batches:
    """Every batch of the business in scope, as it stands."""
    with transaction.atomic():
        return {
            batch.pk: (
                batch.quantity,
                batch.version,
                batch.status,
                batch.batch_number,
                batch.expiry_date,
                batch.unit_cost,
                batch.received_at,
            )
            for batch in Batch.objects.all()
        }


#: What arrives at once, where nothing else bounds it.
PLENTY = Decimal(9)
NUMBERS = st.sampled_from(["A", "B", "ä\"'☃"])
COSTS = st.sampled_from([None, Decimal(1), Decimal("2.3456")])
OFFSETS = st.sampled_from([None, *range(-1, 9)])


class Days(RuleBasedStateMachine):
    """Days in the life of a business."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(BEGINNING)
        self.asked: list[tuple[str, Callable[[str], Any], object]] = []
        self.references = 0
        self.stack = ExitStack()
        self.neighbours_batches: Batches = {}

    @initialize(issue_policy=st.sampled_from(["fefo", "fifo"]), data=st.data())
    def open(self, issue_policy: str, data: st.DataObject) -> None:
        self.world.set_clock(self.book.now)
        with tenant_scope(self.world.neighbour.tenant.pk):
            self.neighbours_batches = _batches()
        business = _business("Corner Pharmacy")
        self.actor = business.actor
        self.stack.enter_context(tenant_scope(business.tenant.pk))
        with transaction.atomic():
            business.tenant.issue_policy = issue_policy
            business.tenant.save()
            for timezone in TIMEZONES:
                self.book.timezones[Outlet.objects.create(name=timezone, timezone=timezone).pk] = timezone
            kinds = [(0, 0, None), (3, 2, "fefo"), (0, 1, "fifo")]
            for decimals, margin, policy in data.draw(st.permutations(kinds), "products")[:2]:
                product = Product.objects.create(
                    name=f"Product {decimals}{margin}", sell_by_margin_days=margin, issue_policy=policy
                )
                variation = ItemVariation.objects.create(
                    product=product, sku=f"S{decimals}{margin}", quantity_decimals=decimals
                )
                fifo = (policy or issue_policy) == "fifo"
                self.book.items[variation.pk] = Item(variation.pk, decimals, margin, fifo)
        for _ in range(6):
            self.receive(data)

    def teardown(self) -> None:
        # Left open by a failed check, the scope would end whenever it is collected: in the middle of another test.
        with self.stack:
            if self.book.items:
                self._check_the_ledger()

    # --- drawing ---------------------------------------------------------------------------------------------------

    def _outlet(self, data: st.DataObject) -> int:
        # Mostly the same one, so that there is something on its shelves.
        first, second = sorted(self.book.timezones)
        return data.draw(st.sampled_from([first, first, first, second]), "outlet")

    def _item(self, data: st.DataObject) -> Item:
        return self.book.items[data.draw(st.sampled_from(sorted(self.book.items)), "variation")]

    def _batch(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.book.batches)), "batch")

    def _quantity(self, data: st.DataObject, item: Item, there: Decimal = PLENTY) -> Decimal:
        """Some of what is there, all of it, the least bit more, or more decimals than the variation has."""
        step = Decimal(1).scaleb(-item.decimals)
        size = data.draw(st.sampled_from(["some", "some", "some", "all", "more", "too fine"]), "size")
        some = data.draw(st.integers(1, max(int(there / step), 1)), "steps") * step
        sizes = {"some": some, "all": max(there, step), "more": max(there, Decimal(0)) + step}
        return sizes.get(size, Decimal("0.125"))

    def _expiry(self, data: st.DataObject) -> dt.date | None:
        offset = data.draw(OFFSETS, "expires in")
        return None if offset is None else self.book.now.date() + dt.timedelta(days=offset)

    def _wanted(self, data: st.DataObject, outlet_id: int, *, lots: bool = True) -> list[Wanted]:
        wanted: dict[tuple[int, int | None], Wanted] = {}
        for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 3]), "lines")):
            item = self._item(data)
            # A lot of this variation, here or at the other outlet.
            choices = [
                batch_id for batch_id, each in self.book.batches.items() if each.variation_id == item.variation_id
            ]
            lot = data.draw(st.one_of(st.none(), st.sampled_from([None, *choices])), "lot") if lots else None
            there = self.book.batches[lot].quantity if lot else self.book.available(outlet_id, item.variation_id)
            wanted[(item.variation_id, lot)] = Wanted(item.variation_id, self._quantity(data, item, there), lot)
        return list(wanted.values())

    # --- asking ----------------------------------------------------------------------------------------------------

    def _ask(self, expected: Expected, request: Callable[[str | None], Any], *, referenced: bool) -> Any:
        """The answer, or None when it was refused as expected; a referenced answer can be asked for again."""
        reference = None
        if referenced:
            reference = f"ref-{self.references}"
            self.references += 1
        refused = None
        try:
            with time_machine.travel(self.book.now, tick=False):
                answer = request(reference)
        except Refusal as refusal:
            refused = refusal
        if refused is not None:
            assert refused.code in expected.codes, (str(refused), expected)
            if refused.code == "insufficient_stock" and expected.codes == {refused.code} and expected.exact:
                told = {line["line"]: (line["needed"], line["available"]) for line in refused.fields["lines"]}
                assert told == expected.short
            return None
        assert not expected.codes, expected
        if reference is not None:
            self.asked.append((reference, request, self._essence(answer)))
        return answer

    @staticmethod
    def _essence(answer: Any) -> object:
        """What an answer says, apart from whether it was given before."""
        match answer:
            case Posting():
                return answer.operation_id, tuple(answer.movements)
            case Transfer():
                return answer.pk
            case dict():
                return {name: value for name, value in answer.items() if name != "replayed"}
            case _:
                return answer.reservation_id, answer.expires_at

    def _posted(self, posting: Posting, kind: str, refers_to: int | None = None) -> None:
        assert not posting.replayed
        lines = [(movement.batch_id, movement.quantity) for movement in posting.movements]
        self.book.post(posting.operation_id, kind, lines, refers_to)
        last = {movement.batch_id: movement.balance_after for movement in posting.movements}
        assert last == {batch_id: self.book.batches[batch_id].quantity for batch_id in last}

    def _compare_picks(self, posting: Posting, expected: Expected) -> None:
        taken: dict[int, list[tuple[int, Decimal]]] = {}
        for movement in posting.movements:
            taken.setdefault(movement.line, []).append((movement.batch_id, -movement.quantity))
        assert taken == {
            line: [(pick.batch_id, pick.quantity) for pick in picks] for line, picks in expected.picks.items()
        }

    # --- goods come and go -----------------------------------------------------------------------------------------

    @rule(data=st.data())
    def receive(self, data: st.DataObject) -> None:
        item, outlet_id = self._item(data), self._outlet(data)
        quantity, number = self._quantity(data, item), data.draw(NUMBERS, "number")
        expiry, cost = self._expiry(data), data.draw(COSTS, "cost")
        expected = Expected({"too_precise"} if self.book.is_too_precise(item.variation_id, quantity) else set())
        if self.book.is_archived((outlet_id, item.variation_id, number, expiry, cost)):
            expected.codes.add("batch_archived")
        line = ReceiptLine(item.variation_id, quantity, number, expiry, cost)
        posting = self._ask(
            expected,
            lambda reference: receive_stock(
                actor=self.actor, outlet_id=outlet_id, lines=[line], reference_id=reference, confirmed=True
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            arriving = BatchState(outlet_id, item.variation_id, number, expiry, cost, self.book.now)
            self.book.arrive(posting.movements[0].batch_id, arriving)
            self._posted(posting, "receipt")

    @rule(data=st.data(), kind=st.sampled_from([MovementKind.SALE, MovementKind.SAMPLE]))
    def sell(self, data: st.DataObject, kind: MovementKind) -> None:
        outlet_id = self._outlet(data)
        wanted = self._wanted(data, outlet_id)
        expected = self.book.expect_issue(outlet_id, wanted)
        lines = [IssueLine(*line) for line in wanted]
        if len(wanted) == 1:
            self._compare_preview(outlet_id, wanted[0], expected)
        self._compare_dry_run(outlet_id, wanted, expected)
        if all(line.batch_id is None for line in wanted):
            self._compare_with_many(outlet_id, lines, expected)
        posting = self._ask(
            expected,
            lambda reference: deduct_stock(
                actor=self.actor, outlet_id=outlet_id, lines=lines, movement_type=kind, reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            self._compare_picks(posting, expected)
            self._posted(posting, "issue")

    def _compare_preview(self, outlet_id: int, line: Wanted, expected: Expected) -> None:
        """The preview, which reads and does not lock, tells what the sale will do."""
        if expected.codes - {"insufficient_stock"}:
            return
        with time_machine.travel(self.book.now, tick=False), transaction.atomic():
            preview = preview_issue(
                outlet_id=outlet_id, variation_id=line.variation_id, quantity=line.quantity, batch_id=line.batch_id
            )
        if expected.codes:
            assert (line.quantity, preview.available) == expected.short[1]
            assert preview.missing == line.quantity - preview.available
        else:
            assert [(pick.batch.pk, pick.quantity) for pick in preview.picks] == [
                (pick.batch_id, pick.quantity) for pick in expected.picks[1]
            ]
            assert preview.missing == 0

    def _compare_dry_run(self, outlet_id: int, wanted: list[Wanted], expected: Expected) -> None:
        """A dry run of a whole basket tells what it would take, or refuses what would be refused."""
        taken: dict[int, list[tuple[int, Decimal]]] = {}
        refused = None
        try:
            with time_machine.travel(self.book.now, tick=False), transaction.atomic():
                lines = [LineAsked(*line) for line in wanted]
                for pick in preview_deduction(actor=self.actor, outlet_id=outlet_id, lines=lines):
                    taken.setdefault(pick.line, []).append((pick.batch.pk, pick.quantity))
        except Refusal as refusal:
            refused = refusal.code
        if expected.codes:
            assert refused in expected.codes
        else:
            assert refused is None
            assert taken == {
                line: [(pick.batch_id, pick.quantity) for pick in picks] for line, picks in expected.picks.items()
            }

    def _compare_with_many(self, outlet_id: int, lines: list[IssueLine], expected: Expected) -> None:
        """Posted together with others a sale takes what it takes alone; nothing of this trial stays."""
        issue = Issue(Entry(OperationKind.ISSUE, b"trial"), lines)
        with transaction.atomic():
            (outcome,) = deduct_many([self.actor], [issue], kind=MovementKind.SALE, outlet_id=outlet_id)
            transaction.set_rollback(True)
        if expected.codes:
            assert outcome.refusal().code in expected.codes
        else:
            self._compare_picks(outcome.posting(issue.entry), expected)

    @rule(data=st.data())
    def adjust(self, data: st.DataObject) -> None:
        moves: dict[int, Decimal] = {}
        for _ in range(data.draw(st.integers(1, 2), "lines")):
            batch_id = self._batch(data)
            sign = data.draw(st.sampled_from([1, -1]), "sign")
            moves[batch_id] = sign * self._quantity_of(data, batch_id)
        posting = self._ask(
            self.book.expect_moves(moves.items()),
            lambda reference: adjust_stock(
                actor=self.actor,
                lines=[BatchQuantity(*move) for move in moves.items()],
                reason="shelf",
                reference_id=reference,
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            self._posted(posting, "adjustment")

    @rule(
        data=st.data(),
        kind=st.sampled_from(
            [
                MovementKind.DAMAGE,
                MovementKind.EXPIRY,
                MovementKind.THEFT,
                MovementKind.SUPPLIER_RETURN,
                MovementKind.CUSTOMER_RETURN,
            ]
        ),
    )
    def move_batch(self, data: st.DataObject, kind: MovementKind) -> None:
        batch_id = self._batch(data)
        quantity = self._quantity_of(data, batch_id)
        sign = 1 if kind is MovementKind.CUSTOMER_RETURN else -1
        is_return = kind in {MovementKind.CUSTOMER_RETURN, MovementKind.SUPPLIER_RETURN}
        post = return_stock if is_return else write_off_stock
        posting = self._ask(
            self.book.expect_moves([(batch_id, sign * quantity)]),
            lambda reference: post(
                actor=self.actor,
                lines=[BatchQuantity(batch_id, quantity)],
                movement_type=kind,
                reason="as it happens",
                reference_id=reference,
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            self._posted(posting, "return" if is_return else "write_off")

    def _quantity_of(self, data: st.DataObject, batch_id: int) -> Decimal:
        batch = self.book.batches[batch_id]
        return self._quantity(data, self.book.items[batch.variation_id], batch.quantity)

    # --- goods come back -------------------------------------------------------------------------------------------

    def _out(self, left: dict[int, Decimal], variation_id: int) -> Decimal:
        batches = [batch_id for batch_id in left if self.book.batches[batch_id].variation_id == variation_id]
        return sum((left[batch_id] for batch_id in batches), Decimal(0))

    def _sales(self) -> list[int]:
        return [operation_id for operation_id, posted in self.book.operations.items() if posted.kind == "issue"]

    @precondition(lambda self: self._sales())
    @rule(data=st.data())
    def return_of_a_sale(self, data: st.DataObject) -> None:
        sale_id = data.draw(st.sampled_from(self._sales()), "sale")
        left = self.book.left_of_sale(sale_id)
        sold = sorted({self.book.batches[batch_id].variation_id for batch_id in left})
        wanted = {
            variation_id: self._quantity(data, self.book.items[variation_id], self._out(left, variation_id))
            for variation_id in data.draw(st.lists(st.sampled_from(sold), min_size=1, unique=True), "variations")
        }
        expected = self.book.expect_return(sale_id, wanted)
        posting = self._ask(
            expected,
            lambda reference: return_sale(
                actor=self.actor,
                sale_id=sale_id,
                lines=[VariationQuantity(*line) for line in wanted.items()],
                reference_id=reference,
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            back = {(movement.batch_id, movement.quantity) for movement in posting.movements}
            assert back == {(pick.batch_id, pick.quantity) for picks in expected.picks.values() for pick in picks}
            self._posted(posting, "return", sale_id)

    @precondition(lambda self: self.book.operations)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        # The latest ones are the likeliest mistakes.
        operation_id = data.draw(st.sampled_from(list(reversed(self.book.operations))), "operation")
        posting = self._ask(
            self.book.expect_reversal(operation_id),
            lambda reference: reverse_operation(
                actor=self.actor, operation_id=operation_id, reason="mistake", reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            opposite = [(batch_id, -quantity) for batch_id, quantity in self.book.operations[operation_id].lines]
            assert sorted((line.batch_id, line.quantity) for line in posting.movements) == sorted(opposite)
            self._posted(posting, "reversal", operation_id)

    # --- promises --------------------------------------------------------------------------------------------------

    @rule(data=st.data(), minutes=st.sampled_from([30, 300, 3000]))
    def reserve(self, data: st.DataObject, minutes: int) -> None:
        outlet_id = self._outlet(data)
        wanted = self._wanted(data, outlet_id, lots=False)
        answer = self._ask(
            self.book.expect_issue(outlet_id, wanted),
            lambda reference: reserve_stock(
                actor=self.actor,
                outlet_id=outlet_id,
                lines=[IssueLine(*line) for line in wanted],
                hold_for=dt.timedelta(minutes=minutes),
                reference_id=reference,
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if answer is not None:
            assert answer.expires_at == self.book.now + dt.timedelta(minutes=minutes)
            lines = {line.variation_id: line.quantity for line in wanted}
            self.book.promises[answer.reservation_id] = Promise(outlet_id, lines, answer.expires_at)

    @precondition(lambda self: self.book.promises)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        reservation_id = data.draw(st.sampled_from(sorted(self.book.promises)), "promise")
        expected = self.book.expect_commit(reservation_id)
        posting = self._ask(
            expected,
            lambda reference: commit_reservation(
                actor=self.actor, reservation_id=reservation_id, reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if posting is not None:
            self.book.promises[reservation_id].status = "committed"
            self._compare_picks(posting, expected)
            self._posted(posting, "issue")

    @precondition(lambda self: self.book.promises)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        reservation_id = data.draw(st.sampled_from(sorted(self.book.promises)), "promise")
        promise = self.book.promises[reservation_id]
        with time_machine.travel(self.book.now, tick=False):
            if promise.status != "active":
                with pytest.raises(errors.ReservationClosed):
                    release_reservation(actor=self.actor, reservation_id=reservation_id)
            else:
                # One that has lapsed and was not marked yet may be given back; it held nothing any more.
                release_reservation(actor=self.actor, reservation_id=reservation_id)
                promise.status = "released"

    @rule()
    def sweep(self) -> None:
        due = [each for each in self.book.promises.values() if each.status == "active" and not self.book.holds(each)]
        with time_machine.travel(self.book.now, tick=False):
            assert lapse_reservations() == len(due)
        for promise in due:
            promise.status = "lapsed"

    # --- what is written on a batch --------------------------------------------------------------------------------

    @rule(data=st.data(), to=st.sampled_from(["held", "recalled", "available"]))
    def hold_or_release(self, data: st.DataObject, to: str) -> None:
        batch_id = self._batch(data)
        status, batch = BatchStatus(to), self.book.batches[batch_id]

        def request(reference: str | None) -> Any:
            if status is BatchStatus.AVAILABLE:
                return release_batch(actor=self.actor, batch_id=batch_id, reason="fine", reference_id=reference)
            recalled = status is BatchStatus.RECALLED
            return hold_batch(
                actor=self.actor, batch_id=batch_id, reason="doubt", recalled=recalled, reference_id=reference
            )

        codes = {"nothing_to_change"} if batch.status is status else set()
        if batch.status is BatchStatus.ARCHIVED and status is not BatchStatus.AVAILABLE:
            codes = {"batch_archived"}
        answer = self._ask(
            Expected(codes),
            request,
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if answer is not None:
            batch.status = status
            self.book.post(answer["operation_id"], "amendment", [(batch_id, Decimal(0))])

    @rule(data=st.data())
    def archive(self, data: st.DataObject) -> None:
        batch_id = self._batch(data)
        batch = self.book.batches[batch_id]
        codes = {"batch_not_empty"} if batch.quantity else set()
        if batch.status is BatchStatus.ARCHIVED:
            codes = {"nothing_to_change", "batch_archived"}
        answer = self._ask(
            Expected(codes),
            lambda reference: archive_batch(
                actor=self.actor, batch_id=batch_id, reason="sold out", reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if answer is not None:
            batch.status = BatchStatus.ARCHIVED
            self.book.post(answer["operation_id"], "amendment", [(batch_id, Decimal(0))])

    @rule(data=st.data())
    def amend(self, data: st.DataObject) -> None:
        batch_id = self._batch(data)
        batch = self.book.batches[batch_id]
        changes: dict[str, Any] = {}
        for name in data.draw(
            st.lists(st.sampled_from(["batch_number", "expiry_date", "unit_cost"]), min_size=1, unique=True), "fields"
        ):
            changes[name] = {
                "batch_number": lambda: data.draw(NUMBERS, "number"),
                "expiry_date": lambda: self._expiry(data),
                "unit_cost": lambda: data.draw(COSTS, "cost"),
            }[name]()
        after = (
            batch.outlet_id,
            batch.variation_id,
            changes.get("batch_number", batch.number),
            changes.get("expiry_date", batch.expiry),
            changes.get("unit_cost", batch.cost),
        )
        codes = set()
        if batch.status is BatchStatus.ARCHIVED:
            codes |= {"batch_archived"}
        if after == batch.identity:
            codes.add("nothing_to_change")
        elif self.book.batch_by_identity(after) is not None:
            codes.add("batch_exists")
        answer = self._ask(
            Expected(codes),
            lambda reference: amend_batch(
                actor=self.actor, batch_id=batch_id, changes=changes, reason="misread", reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if answer is not None:
            *_, batch.number, batch.expiry, batch.cost = after
            self.book.post(answer["operation_id"], "amendment", [(batch_id, Decimal(0))])

    # --- between the outlets ---------------------------------------------------------------------------------------

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        source_id = self._outlet(data)
        (destination_id,) = set(self.book.timezones) - {source_id}
        wanted = self._wanted(data, source_id)
        expected = self.book.expect_issue(source_id, wanted)
        transfer = self._ask(
            expected,
            lambda reference: transfer_stock(
                actor=self.actor,
                source_id=source_id,
                destination_id=destination_id,
                lines=[IssueLine(*line) for line in wanted],
                reference_id=reference,
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if transfer is not None:
            lines: dict[int, Decimal] = {}
            for pick in [pick for picks in expected.picks.values() for pick in picks]:
                lines[pick.batch_id] = lines.get(pick.batch_id, Decimal(0)) + pick.quantity
            self.book.journeys[transfer.pk] = Journey(destination_id, transfer.sent_id, lines)
            posted = [(pick.batch_id, -pick.quantity) for _, picks in sorted(expected.picks.items()) for pick in picks]
            self.book.post(transfer.sent_id, "transfer", posted)

    @precondition(lambda self: self.book.journeys)
    @rule(data=st.data())
    def goods_arrive(self, data: st.DataObject) -> None:
        transfer_id = data.draw(st.sampled_from(sorted(self.book.journeys)), "transfer")
        journey = self.book.journeys[transfer_id]
        with transaction.atomic():
            sent = {line.batch_id: line.pk for line in Transfer.objects.get(pk=transfer_id).lines.all()}
        assert sent.keys() == journey.lines.keys()
        arrived = dict(journey.lines)
        if data.draw(st.booleans(), "short"):
            for batch_id, quantity in journey.lines.items():
                decimals = self.book.items[self.book.batches[batch_id].variation_id].decimals
                share = Decimal(data.draw(st.sampled_from(["0", "0.5", "1"]), "share"))
                arrived[batch_id] = round(quantity * share, decimals)
        told = [ArrivedLine(sent[batch_id], quantity, "box was wet") for batch_id, quantity in arrived.items()]
        origins = [self.book.batches[batch_id] for batch_id, quantity in arrived.items() if quantity]
        codes = set()
        if journey.arrived:
            codes = {"transfer_not_in_transit"}
        elif any(self.book.is_archived((journey.destination_id, *origin.identity[1:])) for origin in origins):
            codes = {"batch_archived"}
        transfer = self._ask(
            Expected(codes),
            lambda reference: receive_transfer(
                actor=self.actor, transfer_id=transfer_id, arrived=told, reference_id=reference
            ),
            referenced=data.draw(st.booleans(), "referenced"),
        )
        if transfer is not None:
            journey.arrived = True
            with transaction.atomic():
                lines = list(transfer.lines.order_by("batch_id"))
            assert {line.batch_id: line.quantity_received for line in lines} == arrived
            posted = []
            for line in lines:
                if line.quantity_received:
                    origin = self.book.batches[line.batch_id]
                    arriving = BatchState(
                        journey.destination_id,
                        origin.variation_id,
                        origin.number,
                        origin.expiry,
                        origin.cost,
                        origin.received_at,
                    )
                    self.book.arrive(line.received_batch_id, arriving)
                    posted.append((line.received_batch_id, line.quantity_received))
            self.book.post(transfer.received_id, "transfer_receipt", posted)

    # --- the shelves are counted -----------------------------------------------------------------------------------

    @rule(data=st.data())
    def open_count(self, data: st.DataObject) -> None:
        outlet_id = self._outlet(data)
        take = open_stock_take(actor=self.actor, outlet_id=outlet_id, scope=Scope())
        self.book.countings[take.pk] = Counting(outlet_id, self.book.now)

    def _counting(self, data: st.DataObject) -> tuple[int, Counting]:
        take_id = data.draw(st.sampled_from(list(reversed(self.book.countings))), "stock take")
        return take_id, self.book.countings[take_id]

    @precondition(lambda self: self.book.countings)
    @rule(data=st.data())
    def count_some(self, data: st.DataObject) -> None:
        take_id, counting = self._counting(data)
        here = sorted(each for each, batch in self.book.batches.items() if batch.outlet_id == counting.outlet_id)
        if not here:
            return
        batch_id = data.draw(st.sampled_from(here), "batch")
        there = self.book.batches[batch_id]
        quantity = data.draw(st.sampled_from([there.quantity, Decimal(0), None]), "seen")
        if quantity is None:
            quantity = self._quantity(data, self.book.items[there.variation_id])
        # Now, or kept on a device since the count was opened.
        age = self.book.now - counting.opened_at
        moment = counting.opened_at + age * data.draw(st.sampled_from([0, 0.5, 1]), "seen at")
        codes = {"stock_take_closed"} if counting.posted else set()
        if not counting.posted and self.book.is_too_precise(there.variation_id, quantity):
            codes.add("too_precise")
        recorded = self._ask(
            Expected(codes),
            lambda _: record_counts(
                actor=self.actor, stock_take_id=take_id, observations=[Observation(batch_id, quantity, moment)]
            ),
            referenced=False,
        )
        if recorded is not None:
            before = counting.seen.get(batch_id)
            if before is None or before[1] <= moment:
                counting.seen[batch_id] = (quantity, moment)

    @precondition(lambda self: any(each.seen for each in self.book.countings.values()))
    @rule(data=st.data())
    def count_again(self, data: st.DataObject) -> None:
        take_id, counting = self._counting(data)
        if not counting.seen:
            return
        batch_id = data.draw(st.sampled_from(sorted(counting.seen)), "batch")
        with transaction.atomic():
            line = StockTakeItem.objects.get(stock_take_id=take_id, batch_id=batch_id)
        taken = self._ask(
            Expected({"stock_take_closed"} if counting.posted else set()),
            lambda _: request_recount(actor=self.actor, stock_take_id=take_id, item_ids=[line.pk]),
            referenced=False,
        )
        if taken is not None:
            counting.seen[batch_id] = None

    @precondition(lambda self: self.book.countings)
    @rule(data=st.data())
    def post_count(self, data: st.DataObject) -> None:
        take_id, counting = self._counting(data)
        expected, differences = (Expected(), {}) if counting.posted else self.book.expect_counts(counting)
        answer = self._ask(
            expected, lambda _: reconcile_stock_take(actor=self.actor, stock_take_id=take_id), referenced=False
        )
        if answer is None:
            return
        take, adjusted = answer
        assert take.replayed == counting.posted
        if not counting.posted:
            counting.posted = True
            moved = [(batch_id, difference) for batch_id, difference in differences.items() if difference]
            assert adjusted == len(moved)
            moments = {
                batch_id: seen[1] for batch_id, seen in counting.seen.items() if seen and batch_id in differences
            }
            self.book.counted[take.operation_id] = moments
            self.book.post(take.operation_id, "stock_take", moved)

    # --- retries, mistakes, time -----------------------------------------------------------------------------------

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        reference, request, first = data.draw(st.sampled_from(self.asked), "request")
        with time_machine.travel(self.book.now, tick=False):
            again = request(reference)
        assert self._essence(again) == first
        if isinstance(again, Posting):
            assert again.replayed

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def use_a_reference_for_something_else(self, data: st.DataObject) -> None:
        reference, _, _ = data.draw(st.sampled_from(self.asked), "request")
        lines = [IssueLine(self._item(data).variation_id, Decimal(999_999))]
        with pytest.raises(errors.ReferenceReused):
            deduct_stock(actor=self.actor, outlet_id=self._outlet(data), lines=lines, reference_id=reference)

    @rule(data=st.data())
    def reach_for_the_neighbours_goods(self, data: st.DataObject) -> None:
        lines = [BatchQuantity(self.world.neighbour_batch, Decimal(1))]
        outlet_id = self._outlet(data)
        for reach in (
            lambda: adjust_stock(actor=self.actor, lines=lines, reason="mine"),
            lambda: hold_batch(actor=self.actor, batch_id=self.world.neighbour_batch, reason="mine"),
            lambda: deduct_stock(
                actor=self.actor,
                outlet_id=outlet_id,
                lines=[IssueLine(self.world.neighbour_variation, Decimal(1), self.world.neighbour_batch)],
            ),
        ):
            with pytest.raises(Refusal) as refused:
                reach()
            assert refused.value.code == "not_found"

    @rule(hours=st.sampled_from([1, 3, 9, 15, 24, 40]))
    def time_passes(self, hours: int) -> None:
        self.book.now += dt.timedelta(hours=hours)
        self.world.set_clock(self.book.now)

    # --- what must hold after each of them -------------------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        assert _batches() == {
            batch_id: (
                batch.quantity,
                batch.version,
                batch.status.value,
                batch.number,
                batch.expiry,
                batch.cost,
                batch.received_at,
            )
            for batch_id, batch in self.book.batches.items()
        }

    @invariant()
    def no_promise_is_forgotten(self) -> None:
        with transaction.atomic():
            held = {(item.outlet_id, item.variation_id): item.reserved for item in StockItem.objects.all()}
        for place, reserved in held.items():
            assert reserved >= self.book.promised(*place)

    @invariant()
    def the_neighbour_notices_nothing(self) -> None:
        with tenant_scope(self.world.neighbour.tenant.pk):
            assert _batches() == self.neighbours_batches

    def _check_the_ledger(self) -> None:
        """At the end of all days: the lines add up, and every check that ships finds nothing."""
        assert unsound_batches() == []
        # The standing clock is a change of the guards, and rightly found.
        names = [name for name in check_names() if name != "guards"]
        with transaction.atomic(), connection.cursor() as cursor:
            assert [result for result in check_tenant(cursor, self.actor.tenant_id, names) if not result.ok] == []
            assert Operation.objects.exclude(kind="reservation").count() == len(self.book.operations)
            lines = sum(len(posted.lines) for posted in self.book.operations.values())
            assert StockMovement.objects.count() == lines


@pytest.mark.timeout(3600)
def test_whatever_is_done_the_books_agree(database_url: str) -> None:
    with _world(database_url) as Days.world:
        run_state_machine_as_test(Days, settings=PROFILE)


#: Faults in the functions' text. Finding them all takes a minute or two; the first is found in a few seconds.
FAULTS = {
    "FEFO and FIFO are mixed up": ("THEN NULL ELSE p_expiry END", "THEN p_expiry END"),
    "the printed day is not sold": ("p_expiry >= p_today", "p_expiry > p_today"),
    "promises are forgotten": ("r.status = 'active' AND", "false AND"),
    "more comes back than went": (r"j\.left_over \* sign\(j\.moved\) < 0", "false"),
}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS if PROFILE is PROFILES["thorough"] else [*FAULTS][:1])
def test_a_planted_fault_is_found(database_url: str, fault: str) -> None:
    short = settings(_COMMON, max_examples=500, stateful_step_count=30, phases=[Phase.generate], database=None)
    planted = changed(functions(), *FAULTS[fault])
    with _world(database_url, planted) as Days.world, pytest.raises((AssertionError, Refusal)):
        run_state_machine_as_test(Days, settings=short)
