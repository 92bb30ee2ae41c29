"""``lotkeeper doctor``: every planted fault is found in every form of the old database, and none is invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.legacy.conftest import Doctor, url_of
from tests.legacy.old_shop import TABLES, OldShop, healthy_shop, sick_shop

Stored = Callable[[OldShop], object]


@pytest.fixture(params=["sqlite", "folder with sqlite", "dumps", "postgresql", "dumps of postgresql"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Stored:
    """Stores an old shop in one of its forms and gives what the doctor is called with."""
    match request.param:
        case "sqlite":
            return lambda old: old.as_sqlite(tmp_path / "old.sqlite3")
        case "folder with sqlite":
            return lambda old: old.as_sqlite(tmp_path / "db.sqlite3").parent
        case "dumps":
            return lambda old: old.as_dumps(tmp_path / "dumps")
        case "postgresql":
            put: Stored = request.getfixturevalue("in_postgresql")
            return put
        case _:
            in_postgresql = request.getfixturevalue("in_postgresql")
            return lambda old: dumped(in_postgresql(old), tmp_path / "dumps")


def dumped(address: str, folder: Path) -> Path:
    """What ``\\copy … TO … CSV HEADER`` of psql writes for each table."""
    folder.mkdir()
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT csv, HEADER)") as copy:
                (folder / f"{table}.csv").write_bytes(b"".join(map(bytes, copy)))
    return folder


def test_every_planted_fault_is_found_and_no_other(stored: Stored, media: Path, doctor: Doctor) -> None:
    old, planted = sick_shop()
    said, status = doctor(stored(old), media=media, json=True)
    told = json.loads(said[: said.rindex("}") + 1])
    assert {fault["code"]: [next(iter(row.values())) for row in fault["rows"]] for fault in told["faults"]} == planted
    assert {fault["code"]: fault["count"] for fault in told["faults"]} == {
        code: len(numbers) for code, numbers in planted.items()
    }
    assert told["found"] == 18
    assert told["not_looked_at"] == []
    assert said.endswith("15 kinds of fault, in 18 rows. Nothing was changed.\n")
    assert status == 1


def test_in_a_healthy_shop_none_is_invented(stored: Stored, media: Path, doctor: Doctor) -> None:
    assert doctor(stored(healthy_shop()), media=media) == (
        "2 businesses, 3 outlets, 3 products, 4 batches, 5 movements read.\n\nNo fault was found.\n",
        0,
    )


def test_each_fault_is_told_with_its_numbers_and_what_to_do(tmp_path: Path, doctor: Doctor) -> None:
    old, _ = sick_shop()
    said, _ = doctor(old.as_dumps(tmp_path / "dumps"))
    assert (
        "The product's stock is not the sum of its batches: 1\n"
        "  The old system kept two figures for the same shelf, and they have drifted apart.\n"
        "    product  name   stock of the product  sum of batches  difference\n"
        "    4        Syrup  12                    10              2\n"
        "  What to do: Count these products, or decide which figure to trust: --trust batches or"
        " --trust product-stock.\n"
    ) in said
    # An adjustment by 2 up leaves 8 to 12; a shortage of 2, written twice, 6 to 14.
    assert (
        "    batch  number  product      outlet       quantity  at least  at most\n"
        "    12     T-1     Thermometer  High street  12        8         12\n"
        "    21     R-1     Razor        High street  8         6         14\n"
    ) in said
    assert "Not looked at. Pictures: nobody said where their files lie (--media).\n" in said


@pytest.mark.parametrize(("sold_at", "found"), [("2021-07-01 11:59:00", []), ("2021-07-01 12:00:00", ["X-1"])])
def test_a_sale_is_too_late_only_if_it_was_so_in_every_time_zone(
    tmp_path: Path, doctor: Doctor, sold_at: str, found: list[str]
) -> None:
    old = healthy_shop()
    batch = old.batch(old.product("Balm", 0), "X-1", 1, expires="2021-06-30", at="2021-01-01")
    old.sell(batch, 1, created_at=f"{sold_at}+00:00")
    said, _ = doctor(old.as_sqlite(tmp_path / "old.db"), json=True)
    told = json.loads(said[: said.rindex("}") + 1])
    assert [row["number"] for fault in told["faults"] for row in fault["rows"]] == found


def test_a_product_without_a_stock_of_its_own_is_not_compared(tmp_path: Path, doctor: Doctor) -> None:
    old = healthy_shop()
    for row in old.rows["products_product"]:
        row["stock"] = None
    source = old.as_sqlite(tmp_path / "old.db")
    said, status = doctor(source)
    assert "Not looked at. Stock figures of products: products_product keeps none.\n" in said
    assert status == 0
    assert doctor(source, migrate=True, trust="product-stock", old_tenant="1") == (
        "The old products keep no stock of their own; only --trust batches is possible.\n",
        2,
    )


def test_a_long_list_shows_its_first_rows(tmp_path: Path, doctor: Doctor) -> None:
    old = healthy_shop()
    for number in range(12):
        old.batch(old.product(f"{number} balm", 1), f"X-{number}", 1, expires="2020-01-31", at="2019-01-01")
    page = tmp_path / "faults.html"
    said, _ = doctor(old.as_sqlite(tmp_path / "old.db"), html=page)
    assert "Expired stock that is still on sale: 12\n" in said
    assert "X-9" in said
    assert "X-10" not in said
    assert "    and 2 more\n" in said
    assert "And 2 more" in page.read_text()


def test_the_page_tells_the_same_and_escapes_what_it_tells(tmp_path: Path, doctor: Doctor) -> None:
    old = healthy_shop()
    old.batch(old.product("<b>Balm</b>", 9), "X-1", 4)
    page = tmp_path / "faults.html"
    doctor(old.as_sqlite(tmp_path / "old.db"), html=page)
    written = page.read_text()
    assert '<section id="stock_differs">' in written
    assert "&lt;b&gt;Balm&lt;/b&gt;" in written
    assert "<b>Balm" not in written
    assert "1 kind of fault, in 1 row. Nothing was changed." in written


class TestRefusals:
    def test_another_programs_database(self, tmp_path: Path, doctor: Doctor) -> None:
        (tmp_path / "tenants.csv").write_text("id,name\n1,Shop\n")
        (tmp_path / "inventory_batch.csv").write_text("id,tenant_id,variation_id,outlet_id,batch_number,expiry_date\n")
        said, status = doctor(tmp_path)
        assert said == (
            f"{tmp_path.name} is not the old stock database: there is no table outlets_outlet; there is no table"
            " products_product; there is no table products_itemvariation; inventory_batch has no column quantity;"
            " there is no table inventory_stockmovement. Nothing was read further.\n"
        )
        assert status == 2

    def test_lotkeepers_own_database(self, database_url: str, doctor: Doctor) -> None:
        said, status = doctor(url_of(database_url))
        assert "is not the old stock database: there is no table tenants" in said
        assert status == 2

    @pytest.mark.parametrize(
        ("column", "value", "why"),
        [
            ("expiry_date", "soon", "is no date"),
            ("quantity", "many", "is no number"),
            ("quantity", "NaN", "is no number that an amount can be"),
            ("quantity", "1e400", "is no number that an amount can be"),
            ("quantity", "", "is empty"),
            ("outlet_id", "b7", "is no whole number"),
        ],
    )
    def test_a_value_that_is_none(self, tmp_path: Path, doctor: Doctor, column: str, value: str, why: str) -> None:
        old = healthy_shop()
        old.row("inventory_batch", 2)[column] = value
        said = f"dumps cannot be read: {column} of row 2 in inventory_batch {why} ({value!r}).\n"
        assert doctor(old.as_dumps(tmp_path / "dumps")) == (said, 2)

    def test_a_row_that_lacks_a_cell(self, tmp_path: Path, doctor: Doctor) -> None:
        folder = healthy_shop().as_dumps(tmp_path / "dumps")
        (folder / "tenants.csv").write_text("id,name\n1,Old Pharmacy\n2\n")
        said = "dumps cannot be read: row 3 of tenants.csv has 1 cells, the header 2.\n"
        assert doctor(folder) == (said, 2)

    def test_yes_to_nothing(self, tmp_path: Path, doctor: Doctor) -> None:
        assert doctor(healthy_shop().as_sqlite(tmp_path / "old.db"), yes=True) == ("--yes belongs to --migrate.\n", 2)

    def test_a_page_that_cannot_be_written(self, tmp_path: Path, doctor: Doctor) -> None:
        page = tmp_path / "nowhere" / "faults.html"
        said, status = doctor(healthy_shop().as_sqlite(tmp_path / "old.db"), html=page)
        assert said == f"{page} cannot be written: No such file or directory.\n"
        assert status == 2

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("nowhere", "nowhere cannot be read: there is no such file or folder."),
            ("postgresql:///old?host=/nowhere", "The database cannot be read: connection"),
        ],
    )
    def test_nothing_there(self, doctor: Doctor, address: str, why: str) -> None:
        said, status = doctor(address)
        assert said.startswith(why)
        assert status == 2

    def test_a_file_that_is_no_database(self, tmp_path: Path, doctor: Doctor) -> None:
        file = tmp_path / "old.db"
        file.write_bytes(b"not a database, but long enough to look like the start of one" * 50)
        assert doctor(file) == ("old.db cannot be read: file is not a database.\n", 2)

    def test_two_databases_in_a_folder(self, tmp_path: Path, doctor: Doctor) -> None:
        for name in ("a.db", "b.sqlite3"):
            (tmp_path / name).touch()
        assert doctor(tmp_path) == (f"{tmp_path.name} cannot be read: it holds 2 databases; name one of them.\n", 2)
