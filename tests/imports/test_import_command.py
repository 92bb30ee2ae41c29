"""``lotkeeper import``: a preview, then postings that a second run leaves as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction
from tests.conftest import Colleague
from tests.imports.conftest import Importer

from lotkeeper.accounts.policies import Role
from lotkeeper.catalog.models import Barcode, ItemVariation, Product
from lotkeeper.imports.operations import postings
from lotkeeper.imports.plans import common
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, Operation, StockMovement

PRODUCTS = (
    "sku,name,variation,category,supplier,barcode,price,unit,decimals,reorder point,margin days,shelf life\n"
    "P500,Paracetamol,500 mg,Medicines > Pain,Wholesale North,4006381333931,2.50,piece,,20,30,730\n"
    "P1000,Paracetamol,1000 mg,Medicines > Pain,,,4.10,piece,,,,\n"
    "CHEESE,Gouda,,Food,Dairy Round,,12,kg,3,1.5,1,60\n"
)
OPENING = "sku,batch,expiry,quantity,cost\nP500,L-1,2027-03,40,1.20\nP500,L-2,,10,\nCHEESE,C-1,2026-12-31,2.5,7.8\n"


def everything(importer: Importer) -> dict[str, int]:
    with transaction.atomic():
        return {
            model.__name__: model.objects.count()
            for model in (Product, ItemVariation, Barcode, Operation, StockMovement, Batch)
        }


def balances(importer: Importer) -> dict[tuple[str, str], Decimal]:
    with transaction.atomic():
        rows = Batch.objects.values_list("variation__sku", "batch_number", "quantity")
        return {(sku, number): quantity for sku, number, quantity in rows}


def lines(importer: Importer) -> list[tuple[str, str, Decimal]]:
    with transaction.atomic():
        rows = StockMovement.objects.order_by("recorded_at", "batch_id", "version")
        return list(rows.values_list("operation__reference_id", "movement_type", "quantity"))


class TestPreview:
    @pytest.mark.parametrize(("what", "content"), [("products", PRODUCTS), ("opening-stock", OPENING)])
    def test_nothing_is_written_unless_asked(self, importer: Importer, what: str, content: str) -> None:
        before = everything(importer)
        said = importer(what, content, apply=False, skip_errors=True)
        assert "3 rows read.\n" in said
        assert said.endswith("Nothing was written. Run it again with --apply to write it.\n")
        assert everything(importer) == before

    def test_rows_are_shown_as_they_are_understood_and_what_is_wrong_with_its_row(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        content = OPENING + "P500,L-1,2027-03,1,1.2\nNOPE,L-9,,1,\nP500,L-3,,1.5,\nP500,L-3,,0,\nNOPE,L-8,,1,\n"
        said = importer("opening-stock", content, apply=False)
        assert ["2", "P500", "L-1", "2027-03-31", "40", "1.2"] in [line.split() for line in said.splitlines()]
        assert "3 batches to receive as opening stock.\n" in said
        assert (
            "5 rows cannot be used:\n"
            "  sku is no SKU here; import the products first: row 6 (NOPE), 9 (NOPE)\n"
            "  quantity must be greater than 0: row 8 (0)\n"
            "  batch_number is the batch of row 2; add the two quantities into one row: row 5 (L-1)\n"
            "  quantity has more than the 0 decimals of P500: row 7 (1.5)\n"
        ) in said

    def test_with_wrong_rows_nothing_is_written_until_they_are_left_out(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        content = OPENING + "P500,L-3,,many,\n"
        assert importer.refused("opening-stock", content) == (
            "1 rows cannot be used; correct them, or leave them out with --skip-errors. Nothing was written."
        )
        assert balances(importer) == {}
        importer("opening-stock", content, skip_errors=True)
        assert len(balances(importer)) == 3


class TestProducts:
    def test_products_variations_categories_and_barcodes_are_made(self, importer: Importer) -> None:
        assert "Made 3, changed 0, left as they were 0.\n" in importer("products", PRODUCTS)
        with transaction.atomic():
            strong = ItemVariation.objects.select_related("product__category__parent", "product__supplier").get(
                sku="P1000"
            )
            mild = ItemVariation.objects.get(sku="P500")
            cheese = ItemVariation.objects.select_related("product__supplier").get(sku="CHEESE")
            assert strong.product_id == mild.product_id
            assert strong.product.category.name == "Pain"
            assert strong.product.category.parent.name == "Medicines"
            assert [strong.product.supplier.name, cheese.product.supplier.name] == ["Wholesale North", "Dairy Round"]
            assert (mild.name, mild.reorder_point) == ("500 mg", Decimal(20))
            assert mild.barcodes.get().code == "4006381333931"
            assert (cheese.unit, cheese.quantity_decimals, cheese.reorder_point) == ("kg", 3, Decimal("1.5"))
            assert (cheese.product.retail_price, cheese.product.sell_by_margin_days) == (Decimal(12), 1)
            assert cheese.product.usual_shelf_life_days == 60

    def test_the_same_file_again_changes_nothing(self, importer: Importer) -> None:
        simple = "sku,name,price\nA,Apple,1\nB,Bread,2.5\n"
        importer("products", simple)
        before = everything(importer)
        assert "Made 0, changed 0, left as they were 2.\n" in importer("products", simple)
        assert everything(importer) == before

    def test_only_what_the_file_says_is_changed(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        said = importer(
            "products", "sku,name,price,barcode\nCHEESE,Old Gouda,,\nP1000,Paracetamol,4.10,4006381333948\n"
        )
        assert "Made 0, changed 2, left as they were 0.\n" in said
        with transaction.atomic():
            cheese = ItemVariation.objects.select_related("product").get(sku="CHEESE")
            assert (cheese.product.name, cheese.product.retail_price, cheese.unit) == ("Old Gouda", Decimal(12), "kg")
            assert Barcode.objects.get(code="4006381333948").variation.sku == "P1000"

    def test_one_that_cannot_be_made_is_told_with_its_row_and_the_others_are_made(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        said = importer(
            "products",
            "sku,name,unit,decimals,barcode\nA,Apple,,,\nB,Bread,slice,,\nC,Cake,piece,2,\nD,Dates,,,4006381333931\nA,Again,,,\n",
            skip_errors=True,
        )
        assert "  sku stands in row 2 already: row 6 (A)\n" in said
        assert "Made 1, changed 0, left as they were 0.\n" in said
        assert "unit: Must be one of piece, kg, g, l, ml, m: row 3\n" in said
        assert "quantity_decimals: A piece is counted in whole numbers: it has 0 decimals: row 4\n" in said
        assert "The barcode 4006381333931 belongs to Paracetamol (P500) already: row 5\n" in said
        with transaction.atomic():
            assert set(ItemVariation.objects.values_list("sku", flat=True)) == {"P500", "P1000", "CHEESE", "A"}


class TestOpeningStock:
    def test_each_row_is_a_batch(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        said = importer("opening-stock", OPENING)
        assert "Posted: 3 batches with 3 lines.\n" in said
        assert balances(importer) == {
            ("P500", "L-1"): Decimal(40),
            ("P500", "L-2"): Decimal(10),
            ("CHEESE", "C-1"): Decimal("2.5"),
        }
        with transaction.atomic():
            batch = Batch.objects.get(batch_number="L-1")
            assert (batch.expiry_date, batch.unit_cost) == (dt.date(2027, 3, 31), Decimal("1.2"))
            assert set(StockMovement.objects.values_list("movement_type", flat=True)) == {"opening"}
            assert set(Operation.objects.values_list("channel", flat=True)) == {"import"}

    def test_again_changes_nothing_and_another_quantity_is_refused(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        importer("opening-stock", OPENING)
        before = balances(importer)
        assert "Posted before, left as they were: 3 batches, 3 lines.\n" in importer("opening-stock", OPENING)
        said = importer("opening-stock", OPENING.replace(",40,", ",41,"))
        assert "Refused: 1 batches, 1 lines.\n" in said
        assert "  posted before under this number, with other contents: row 2 (P500 L-1)\n" in said
        assert balances(importer) == before

    def test_a_row_may_name_its_outlet(self, importer: Importer, make_outlet: Callable[..., Outlet]) -> None:
        make_outlet("Airport")
        importer("products", PRODUCTS)
        content = "sku,outlet,batch,quantity\nP500,Airport,L-1,1\nP500,,L-2,1\nP500,Harbour,L-3,1\n"
        said = importer("opening-stock", content, apply=False)
        assert "names no outlet, and there is more than one; say --outlet: row 3\n" in said
        assert "is no open outlet here: row 4 (Harbour)\n" in said
        importer("opening-stock", content, outlet="Main street", skip_errors=True)
        with transaction.atomic():
            assert set(Batch.objects.values_list("outlet__name", "batch_number")) == {
                ("Airport", "L-1"),
                ("Main street", "L-2"),
            }
        assert importer.refused("opening-stock", content, outlet="Harbour") == "There is no open outlet Harbour."


class TestSales:
    SALES = (
        "invoice,date,sku,quantity\n"
        "R1,2026-01-10 09:00,P500,5\n"
        "R1,2026-01-10 09:00,CHEESE,0.250\n"
        "R2,2026-01-11 09:00,P500,38\n"
    )

    @pytest.fixture(autouse=True)
    def stocked(self, importer: Importer) -> None:
        importer("products", PRODUCTS)
        importer("opening-stock", OPENING)

    def test_sales_take_the_batch_that_expires_first(self, importer: Importer) -> None:
        said = importer("sales", self.SALES)
        assert "2 sales with 3 lines to post.\n" in said
        # R2 takes what is left of L-1 and three of L-2.
        assert balances(importer) == {
            ("P500", "L-1"): Decimal(0),
            ("P500", "L-2"): Decimal(7),
            ("CHEESE", "C-1"): Decimal("2.25"),
        }
        with transaction.atomic():
            sale = Operation.objects.get(reference_id="R1")
            assert sale.occurred_at == dt.datetime(2026, 1, 10, 9, tzinfo=dt.UTC)

    def test_the_same_file_again_changes_nothing(self, importer: Importer) -> None:
        importer("sales", self.SALES)
        before = balances(importer), everything(importer)
        assert "Posted before, left as they were: 2 sales, 3 lines.\n" in importer("sales", self.SALES)
        assert (balances(importer), everything(importer)) == before

    def test_a_sale_that_cannot_be_met_is_refused_whole_with_true_numbers(self, importer: Importer) -> None:
        said = importer("sales", self.SALES + "R3,2026-01-12,P500,8\nR3,2026-01-12,CHEESE,1\nR4,2026-01-12,P500,7\n")
        assert "Refused: 1 sales, 2 lines.\n" in said
        assert "  Insufficient stock. Needed 8, only 7 available: row 5 (R3)\n" in said
        assert balances(importer)["P500", "L-2"] == 0
        assert balances(importer)["CHEESE", "C-1"] == Decimal("2.25")

    def test_what_was_expired_on_its_day_was_not_sold_from(self, importer: Importer) -> None:
        # Paracetamol is not sold in the 30 days before its date, which for L-1 is the end of March 2027.
        content = "invoice,date,sku,quantity\nR1,2027-03-01 10:00,P500,1\nR2,2027-03-02 10:00,P500,1\n"
        importer("sales", content)
        with transaction.atomic():
            taken = StockMovement.objects.filter(movement_type="sale").values_list(
                "operation__reference_id", "batch__batch_number"
            )
            assert set(taken) == {("R1", "L-1"), ("R2", "L-2")}

    def test_a_sale_of_which_a_row_is_wrong_is_left_out_whole(self, importer: Importer) -> None:
        content = self.SALES + "R1,2026-01-10 09:00,P500,none\nR5,2026-01-13,NOPE,1\nR5,2026-01-13,P500,1\n"
        said = importer("sales", content, skip_errors=True)
        assert "2 sales have a row that is wrong and are left out whole.\n" in said
        assert "Posted: 1 sales with 1 lines" in said
        assert [reference for reference, kind, _ in lines(importer) if kind == "sale"] == ["R2"]

    def test_an_import_that_was_cut_off_is_finished_by_running_it_again(
        self, importer: Importer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        days = []

        def cut_off_on_the_second_day(**asked: object) -> postings.Tally:
            if days:
                raise KeyboardInterrupt
            days.append(asked)
            return postings.post_chunk(**asked)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(common, "post_chunk", cut_off_on_the_second_day)
            with pytest.raises(KeyboardInterrupt):
                importer("sales", self.SALES)
        assert [reference for reference, kind, _ in lines(importer) if kind == "sale"] == ["R1", "R1"]
        said = importer("sales", self.SALES)
        assert "Posted: 1 sales with 1 lines" in said
        assert "Posted before, left as they were: 1 sales, 2 lines.\n" in said
        assert balances(importer)["P500", "L-2"] == 7


class TestOnlineRetail:
    HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    ROWS = (
        "1,85123A,HEART,6,2010-12-01T08:26,2.55,17850,UK\n"
        "1,POST,POSTAGE,1,2010-12-01T08:26,18,17850,UK\n"
        "1,85123a,HEART,4,2010-12-01T08:26,2.55,17850,UK\n"
        "C2,85123A,HEART,-7,2010-12-02T09:00,2.55,17850,UK\n"
        "C3,85123A,HEART,-1,2010-12-02T10:00,2.55,,UK\n"
        "4,85123A,damaged,-2,2010-12-03T10:00,0,,UK\n"
        "5,85123A,,-1,2010-12-03T11:00,0,,UK\n"
        "6,71053,found,3,2010-12-03T12:00,0,,UK\n"
    )

    def replay(self, importer: Importer, rows: str | None = None, **options: object) -> str:
        content = self.HEADER + (self.ROWS if rows is None else rows)
        return importer("sales", content, mapping="online-retail", create_products=True, **options)

    def test_every_line_becomes_what_it_means(self, importer: Importer) -> None:
        said = self.replay(importer)
        assert "1 lines are no goods and are not posted:\n         1 x POST: postage and carriage\n" in said
        assert sorted(lines(importer)) == sorted(
            [
                (f"opening/{importer.shop.outlet.pk}/85123A/OPENING//", "opening", Decimal(10)),
                ("1", "sale", Decimal(-6)),
                ("1", "sale", Decimal(-4)),
                ("C2/1", "customer_return", Decimal(7)),
                ("C3/return", "customer_return", Decimal(1)),
                ("4/damage", "damage", Decimal(-2)),
                ("5/adjustment", "adjustment", Decimal(-1)),
                ("6/adjustment", "adjustment", Decimal(3)),
            ]
        )
        assert balances(importer) == {("85123A", "OPENING"): Decimal(5), ("71053", "OPENING"): Decimal(3)}
        with transaction.atomic():
            back = Operation.objects.get(reference_id="C2/1")
            assert back.refers_to.reference_id == "1"
            assert back.reason == ""
            assert Operation.objects.get(reference_id="4/damage").reason == "damaged"
            product = Product.objects.get(variations__sku="85123A")
            assert (product.name, product.retail_price) == ("HEART", Decimal("2.55"))

    def test_the_same_file_again_changes_nothing(self, importer: Importer) -> None:
        self.replay(importer)
        before = balances(importer), everything(importer)
        said = self.replay(importer)
        assert "Posted before, left as they were: 1 batches of opening stock, 1 lines.\n" in said
        assert "Posted before, left as they were: 6 documents, 7 lines.\n" in said
        assert (balances(importer), everything(importer)) == before

    def test_a_return_goes_into_the_batches_its_sale_took_the_last_taken_first(self, importer: Importer) -> None:
        importer("products", "sku,name\n85123A,Heart\n")
        importer("opening-stock", "sku,batch,expiry,quantity\n85123A,L-1,2030-01,4\n")
        self.replay(importer, self.ROWS.partition("4,85123A,damaged")[0])
        # The sale took 4 of L-1, which expires, and 6 of the opening batch; 7 came back, and 1 without its sale.
        assert balances(importer) == {("85123A", "L-1"): Decimal(1), ("85123A", "OPENING"): Decimal(4 + 6 + 1)}

    def test_codes_unknown_here_are_told_once_each_unless_they_are_to_be_made(self, importer: Importer) -> None:
        said = importer("sales", self.HEADER + self.ROWS, mapping="online-retail", apply=False)
        assert (
            "2 rows cannot be used:\n"
            "  StockCode is no SKU here; --create-products makes it: row 9 (71053), 2 (85123A)\n"
        ) in said
        assert importer.refused("sales", self.HEADER + self.ROWS, mapping="online-retail").startswith("2 rows cannot")
        assert everything(importer)["Product"] == 0

    def test_an_invoice_with_a_broken_line_is_left_out_whole(self, importer: Importer) -> None:
        said = self.replay(importer, self.ROWS + "5,71053,LANTERN,x,2010-12-03T13:00,1,1,UK\n", skip_errors=True)
        assert "1 invoices have a row that is wrong and are left out whole.\n" in said
        assert "5/adjustment" not in [reference for reference, _, _ in lines(importer)]


class TestWhoAndWhere:
    def test_the_person_named_must_be_allowed_to_import(
        self, importer: Importer, colleague: Colleague, business
    ) -> None:
        importer("products", PRODUCTS)
        clerk = colleague(business, Role.CLERK)
        with transaction.atomic():
            from lotkeeper.accounts.models import User

            email = User.objects.get(pk=clerk.user_id).email
        said = importer.refused("opening-stock", OPENING, email=email, outlet="Main street")
        assert said == "There is no open outlet Main street."
        assert balances(importer) == {}
        assert (
            importer.refused("products", PRODUCTS, email=email)
            == "Your role does not allow this here (manage_catalog)."
        )

    def test_a_business_or_person_that_is_not_there(self, importer: Importer) -> None:
        assert importer.refused("products", PRODUCTS, email="nobody@shop.example").endswith(
            "logs in with nobody@shop.example."
        )

    def test_a_mapping_is_for_sales(self, importer: Importer) -> None:
        assert (
            importer.refused("products", PRODUCTS, mapping="online-retail") == "The mapping online-retail is for sales."
        )

    def test_a_header_that_does_not_fit(self, importer: Importer) -> None:
        assert importer.refused("sales", "sku,amount\nA,1\n") == (
            "The header does not fit. There is no column document (or invoice, invoice no, invoice number, receipt, "
            "receipt no, order, reference). It says: sku, amount."
        )

    def test_the_same_sales_at_another_outlet_are_a_mistake(
        self, importer: Importer, make_outlet: Callable[..., Outlet]
    ) -> None:
        importer("products", "sku,name\nA,Apple\n")
        importer("opening-stock", "sku,batch,quantity\nA,L-1,5\n")
        content = "invoice,date,sku,quantity\nR1,2026-01-10,A,1\n"
        importer("sales", content)
        make_outlet("Airport")
        said = importer("sales", content, outlet="Airport")
        assert "  posted before under this number, with other contents: row 2 (R1)\n" in said
        assert balances(importer) == {("A", "L-1"): Decimal(4)}
