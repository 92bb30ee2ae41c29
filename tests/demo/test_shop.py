"""The demonstration shop as a visitor finds it."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Sum
from django.test import Client
from rest_framework.test import APIClient
from tests.demo.printed import WEEKS, Printed, run_demo

from lotkeeper.accounts.models import Tenant, User
from lotkeeper.catalog.models import Barcode, ItemVariation, Product, Supplier
from lotkeeper.demo.policies.story import PASSWORD, STAFF
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.checks.running import run_checks
from lotkeeper.stock.models import Batch, Operation, Reservation, StockMovement
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.queries import variance_summary
from lotkeeper.transfers.models import Transfer

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(120)]


def rows() -> dict[str, int]:
    with transaction.atomic():
        return {
            model.__name__: model.objects.count() for model in (StockMovement, Operation, Batch, ItemVariation, Barcode)
        } | {"people": User.objects.count(), "businesses": Tenant.objects.count()}


class TestPrinted:
    def test_it_names_the_address_everybody_who_logs_in_and_the_password(self, demo: Printed) -> None:
        assert "  http://127.0.0.1:8765/\n" in demo.text
        for person in STAFF:
            assert f"{person.email:<26} {person.duty}" in demo.text
        assert f"Password of all of them: {PASSWORD}" in demo.text
        assert "keep it off networks" in demo.text

    def test_the_token_stands_in_no_table(self, demo: Printed, superuser_connection: Any) -> None:
        tables = superuser_connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        secret = demo.token.rsplit("_", 1)[1]
        holding = [
            table
            for (table,) in tables
            if superuser_connection.execute(
                f"SELECT FROM {table} AS t WHERE to_jsonb(t)::text LIKE %s LIMIT 1", [f"%{secret}%"]
            ).fetchone()
        ]
        assert holding == []

    def test_the_printed_request_takes_from_two_batches_in_fefo_order(self, in_demo: Printed) -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {in_demo.token}")
        command = "curl -X POST http://127.0.0.1:8765/api/v1/inventory/deduct/ \\\n"
        assert f"{command}  -H 'Authorization: Bearer {in_demo.token}'" in in_demo.text
        before = rows()

        first = client.post("/api/v1/inventory/deduct/", in_demo.request)
        again = client.post("/api/v1/inventory/deduct/", in_demo.request)

        with transaction.atomic():
            expiries = dict(
                Batch.objects.filter(batch_number__in=["BATCH-001", "BATCH-002"]).values_list(
                    "batch_number", "expiry_date"
                )
            )
            made_on = Batch.objects.get(batch_number="BATCH-002").expiry_date - dt.timedelta(days=59)
        assert first.status_code == 200, first.content
        assert first.json()["success"] is True
        assert [
            {name: line[name] for name in ("batch", "quantity", "expiry")} for line in first.json()["deductions"]
        ] == [
            {"batch": "BATCH-001", "quantity": 3, "expiry": str(made_on + dt.timedelta(days=45))},
            {"batch": "BATCH-002", "quantity": 2, "expiry": str(made_on + dt.timedelta(days=59))},
        ]
        assert expiries["BATCH-001"] < expiries["BATCH-002"]
        assert again.json()["deductions"] == first.json()["deductions"]
        assert rows() == before | {
            "StockMovement": before["StockMovement"] + 2,
            "Operation": before["Operation"] + 1,
        }

    def test_a_second_run_makes_nothing_and_says_where_to_click(self, in_demo: Printed) -> None:
        before = rows()
        text = run_demo(address="http://shop.example:81")
        assert "  http://shop.example:81/\n" in text
        assert "lotkeeper token --email owner@harbour.example --scope stock" in text
        assert "lk_" not in text
        assert rows() == before


class TestMaking:
    def test_a_run_that_was_broken_off_leaves_nobody_who_can_enter(self, broken_off: str | None, demo: Printed) -> None:
        assert broken_off is None
        strangers = User.objects.filter(email__endswith="@books.harbour.example")
        assert [person.has_usable_password() for person in strangers] == [False, False]
        assert [person.is_active for person in strangers.order_by("tenant_id")] == [True, False]

    def test_every_promise_of_the_ledger_holds(self, demo: Printed) -> None:
        results = run_checks(demo.tenant_id)
        assert [result.name for result in results if not result.ok] == []
        assert next(result.examined for result in results if result.name == "hashes") > 2000

    def test_everybody_logs_in_with_the_printed_password(self, demo: Printed) -> None:
        for person in STAFF:
            answer = Client().post("/accounts/login/", {"login": person.email, "password": PASSWORD})
            assert (answer.status_code, answer.headers.get("Location")) == (302, "/"), person.email

    def test_weeks_out_of_range_are_refused(self) -> None:
        before = Tenant.objects.count()
        for weeks in (0, -1, 105):
            with pytest.raises(Exception, match="--weeks must be between 1 and 104"):
                run_demo(weeks=weeks)
        assert Tenant.objects.count() == before


class TestScene:
    def test_three_outlets_in_three_time_zones_sell_some_four_hundred_articles(self, in_demo: Printed) -> None:
        with transaction.atomic():
            assert sorted(Outlet.objects.values_list("name", "timezone")) == [
                ("Airport kiosk", "America/St_Johns"),
                ("Harbour Road", "America/Halifax"),
                ("Market Square", "America/Moncton"),
            ]
            assert ItemVariation.objects.count() == 435
            assert set(ItemVariation.objects.values_list("unit", flat=True)) == {"piece", "kg", "l"}
            assert Barcode.objects.filter(pack__isnull=True).count() == 435
            assert Barcode.objects.filter(pack__factor__gt=1).count() > 50

    def test_every_kind_of_movement_is_there(self, in_demo: Printed) -> None:
        with transaction.atomic():
            kinds = Counter(StockMovement.objects.values_list("movement_type", flat=True))
        assert set(kinds) == {kind.value for kind in MovementKind}
        assert kinds["sale"] > 1000

    def test_the_past_lies_in_the_past_and_most_of_what_sells_is_not_thrown_away(self, in_demo: Printed) -> None:
        with transaction.atomic():
            moments = StockMovement.objects.order_by("occurred_at").values_list("occurred_at", "recorded_at")
            (first, recorded), *_, (last, _) = moments
            sums = dict(
                StockMovement.objects.values("movement_type")
                .annotate(total=Sum("quantity"))
                .values_list("movement_type", "total")
            )
        assert dt.timedelta(weeks=WEEKS) <= recorded - first <= dt.timedelta(weeks=10_000)
        assert last <= dt.datetime.now(dt.UTC)
        assert -sums["expiry"] < Decimal("0.2") * -sums["sale"]

    def test_batches_are_expired_expiring_undated_tied_held_and_recalled(self, in_demo: Printed) -> None:
        today = dt.datetime.now(dt.UTC).date()
        with transaction.atomic():
            lots = list(
                Batch.objects.filter(in_stock=True).values_list(
                    "outlet_id", "variation_id", "batch_number", "expiry_date", "status"
                )
            )

        def expiring(after: int, until: int) -> int:
            span = range(after, until + 1)
            return sum(1 for *_, expiry, _ in lots if expiry is not None and (expiry - today).days in span)

        assert expiring(-20, -2) >= 2
        assert expiring(0, 7) >= 3
        assert expiring(8, 30) >= 3
        assert expiring(31, 60) >= 3
        assert sum(1 for *_, expiry, _ in lots if expiry is None) > 50
        assert sorted((number, status) for *_, number, _, status in lots if status != "available") == [
            ("FR88121", "held"),
            ("KT20418", "recalled"),
            ("KT20418", "recalled"),
        ]
        ties: dict[Any, list[str]] = defaultdict(list)
        for outlet_id, variation_id, number, expiry, _ in lots:
            ties[outlet_id, variation_id, expiry].append(number)
        assert ["T-7701", "T-7702"] in [sorted(numbers) for numbers in ties.values()]

    def test_a_transfer_is_under_way_one_came_short_one_whole(self, in_demo: Printed) -> None:
        def missing(transfer: Transfer) -> Sequence[Decimal]:
            return [line.quantity_sent - line.quantity_received for line in transfer.lines.order_by("id")]

        with transaction.atomic():
            whole, short, under_way = Transfer.objects.order_by("id")
            assert (whole.status, short.status, under_way.status) == ("received", "received", "in_transit")
            assert set(missing(whole)) == {Decimal(0)}
            assert sum(missing(short)) == 2
            assert short.lines.get(quantity_sent__gt=F("quantity_received")).discrepancy_reason == "Broken on the way"

    def test_products_name_who_delivers_them(self, in_demo: Printed) -> None:
        with transaction.atomic():
            assert Supplier.objects.count() == 5
            assert not Product.objects.filter(supplier=None).exists()
            assert Product.objects.get(name="Acetaminophen").supplier.name == "Atlantic Medical Supply"

    def test_a_count_was_put_right_and_another_is_going_on(self, in_demo: Printed) -> None:
        with transaction.atomic():
            posted, going_on = StockTake.objects.order_by("id")
            assert (posted.status, going_on.status, going_on.blind) == ("reconciled", "draft", True)
            variances = posted.items.exclude(variance=0).values_list("variance", "variance_reason")
            assert sorted(variances) == [
                (-2, "Missing"),
                (-1, ""),
                (-1, "Broken, thrown away, not entered"),
                (1, "Found behind other goods"),
                (3, "Found in stockroom"),
            ]
            assert posted.items.count() == 24
            summary = variance_summary(going_on)
        assert (summary.differing, summary.net_units) == (1, -1)
        assert summary.to_count >= 10

    def test_an_order_is_promised_and_some_articles_are_below_their_reorder_point(self, in_demo: Printed) -> None:
        with transaction.atomic():
            promise = Reservation.objects.get(status="active")
            assert promise.expires_at > dt.datetime.now(dt.UTC) + dt.timedelta(days=4)
            assert [line.quantity for line in promise.lines.all()] == [2, 2, 2]
            on_hand: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
            for outlet_id, variation_id, quantity in Batch.objects.values_list("outlet_id", "variation_id", "quantity"):
                on_hand[outlet_id, variation_id] += quantity
            points = dict(ItemVariation.objects.values_list("id", "reorder_point"))
        low = [place for place, quantity in on_hand.items() if quantity < points[place[1]]]
        assert 5 <= len(low) <= len(on_hand) // 4


class TestTutorial:
    @pytest.mark.parametrize("number", ["BATCH-001", "BATCH-002", "KT20418", "T-7701", "T-7702", "FR88121", "CB4471"])
    def test_the_batches_it_names_are_there(self, in_demo: Printed, number: str) -> None:
        page = Path(__file__).parents[2] / "docs" / "tutorial" / "first-steps.md"
        assert number in page.read_text()
        with transaction.atomic():
            assert Batch.objects.filter(batch_number=number).exists()

    def test_it_shows_what_is_printed(self, demo: Printed) -> None:
        page = (Path(__file__).parents[2] / "docs" / "tutorial" / "first-steps.md").read_text()
        logins = [line for line in demo.text.splitlines() if "@harbour.example  " in line or "Password" in line]
        assert len(logins) == 6
        assert [line for line in logins if line not in page] == []


class TestElsewhere:
    def test_it_keeps_away_from_a_business_in_earnest(self, business: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lotkeeper.demo.management.commands.demo.demo_tenant_id", lambda: None)
        before = Tenant.objects.count()
        assert (
            run_demo() == "A business keeps its stock here; the demonstration shop is for an installation of its own.\n"
        )
        assert Tenant.objects.count() == before
