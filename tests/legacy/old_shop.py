"""An old shop as the guide's own models and functions leave it behind, in any of the three forms that can be read."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

PHARMACY, BAKERY = 1, 2
HIGH_STREET, STATION, OVEN = 1, 2, 3

#: The guide's tables, as Django makes them; without foreign keys, or nothing could have been orphaned.
TABLES: Mapping[str, Mapping[str, str]] = {
    "tenants": {"id": "bigint", "name": "varchar(200)"},
    "outlets_outlet": {"id": "bigint", "tenant_id": "bigint", "name": "varchar(200)"},
    "products_category": {"id": "bigint", "name": "varchar(100)"},
    "products_product": {
        "id": "bigint",
        "tenant_id": "bigint",
        "name": "varchar(200)",
        "category_id": "bigint",
        "stock": "integer",
        "image": "varchar(100)",
        "retail_price": "numeric(10, 2)",
        "wholesale_price": "numeric(10, 2)",
    },
    "products_itemvariation": {
        "id": "bigint",
        "tenant_id": "bigint",
        "product_id": "bigint",
        "sku": "varchar(100)",
        "size": "varchar(50)",
        "color": "varchar(50)",
        "barcode": "varchar(50)",
    },
    "inventory_batch": {
        "id": "bigint",
        "tenant_id": "bigint",
        "variation_id": "bigint",
        "outlet_id": "bigint",
        "batch_number": "varchar(100)",
        "expiry_date": "date",
        "quantity": "integer",
        "cost_price": "numeric(10, 2)",
        "created_at": "timestamp with time zone",
    },
    "inventory_stockmovement": {
        "id": "bigint",
        "tenant_id": "bigint",
        "batch_id": "bigint",
        "variation_id": "bigint",
        "outlet_id": "bigint",
        "movement_type": "varchar(20)",
        "quantity": "integer",
        "reason": "text",
        "user_id": "bigint",
        "created_at": "timestamp with time zone",
    },
}


@dataclass
class OldShop:
    """Rows by table, written by what the guide's functions do."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in TABLES})
    #: The last number of each table; that of a deleted row does not come again.
    last: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))

    def add(self, table: str, **values: Any) -> int:
        row_id: int = values.pop("id", self.last[table] + 1)
        self.last[table] = row_id
        self.rows[table].append({**dict.fromkeys(TABLES[table]), "id": row_id, **values})
        return row_id

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        [found] = [row for row in self.rows[table] if row["id"] == row_id]
        return found

    def product(self, name: str, stock: int, *, tenant: int = PHARMACY, image: str = "") -> int:
        """A product with one variation, which gets the same number."""
        product_id = self.add(
            "products_product",
            tenant_id=tenant,
            name=name,
            category_id=1,
            stock=stock,
            image=image,
            retail_price="2.50",
        )
        sku = name.upper()[:4]
        return self.add("products_itemvariation", id=product_id, tenant_id=tenant, product_id=product_id, sku=sku)

    def batch(  # a batch is that much
        self,
        variation: int,
        number: str,
        bought: int,
        *,
        outlet: int = HIGH_STREET,
        tenant: int = PHARMACY,
        expires: str | None = "2098-01-31",
        at: str = "2025-01-01",
    ) -> int:
        """A delivery: a batch and the movement of its purchase."""
        batch = self.add(
            "inventory_batch",
            tenant_id=tenant,
            variation_id=variation,
            outlet_id=outlet,
            batch_number=number,
            expiry_date=expires,
            quantity=bought,
            cost_price="1.20",
            created_at=f"{at} 08:00:00+00:00",
        )
        if bought:
            self.move(batch, "purchase", bought, at=at)
        return batch

    def move(self, batch: int, kind: str, quantity: int, *, at: str = "2025-02-01", **other: Any) -> int:
        """``StockMovement.objects.create`` of the guide: without a sign."""
        row = self.row("inventory_batch", batch)
        copied = {name: row[name] for name in ("tenant_id", "variation_id", "outlet_id")}
        told = {"movement_type": kind, "quantity": quantity, "reason": "", "created_at": f"{at} 09:00:00+00:00"}
        return self.add("inventory_stockmovement", **{"batch_id": batch, **copied, **told, **other})

    def change(self, batch: int, by: int) -> None:
        """``batch.quantity += …; batch.save()``: what every path of the guide does, with a movement or without."""
        self.row("inventory_batch", batch)["quantity"] += by

    def sell(self, batch: int, quantity: int, **movement: Any) -> int:
        self.change(batch, -quantity)
        return self.move(batch, "sale", quantity, **movement)

    def reconcile(self, batch: int, variance: int) -> None:
        """The guide's reconcile: a shortage goes through deduct_stock, which writes its movement, and then another."""
        self.change(batch, variance)
        for _ in range(1 if variance > 0 else 2):
            self.move(batch, "adjustment", abs(variance))

    def delete_batch(self, batch: int) -> None:
        self.rows["inventory_batch"] = [row for row in self.rows["inventory_batch"] if row["id"] != batch]

    # --- the three forms ---------------------------------------------------------------------------------------------

    def as_sqlite(self, file: Path) -> Path:
        with closing(sqlite3.connect(file)) as connection, connection:
            for table, columns, rows in self._tables():
                connection.execute(_create(table))
                marks = ", ".join("?" * len(columns))
                connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
        return file

    def as_dumps(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        for table, columns, rows in self._tables():
            with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows(rows)
        return folder

    def as_postgresql(self, connection: psycopg.Connection) -> None:
        with connection.cursor() as cursor:
            for table, columns, rows in self._tables():
                cursor.execute(_create(table))
                cursor.executemany(f'INSERT INTO "{table}" VALUES ({", ".join(["%s"] * len(columns))})', rows)

    def _tables(self) -> Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]:
        return [
            (table, list(columns), [[row[column] for column in columns] for row in self.rows[table]])
            for table, columns in TABLES.items()
        ]


def _create(table: str) -> str:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TABLES[table].items())
    return f'CREATE TABLE "{table}" ({columns})'


def healthy_shop() -> OldShop:
    """Two businesses in which every figure agrees with every other."""
    old = OldShop()
    old.add("tenants", name="Old Pharmacy")
    old.add("tenants", name="Old Bakery")
    old.add("outlets_outlet", tenant_id=PHARMACY, name="High street")
    old.add("outlets_outlet", tenant_id=PHARMACY, name="Station")
    old.add("outlets_outlet", tenant_id=BAKERY, name="Oven")
    old.add("products_category", name="Medicines")
    paracetamol = old.product("Paracetamol", 40, image="products/paracetamol.jpg")
    old.row("products_itemvariation", paracetamol).update(barcode="4006381333931", size="20", color="white")
    old.sell(old.batch(paracetamol, "A-1", 30), 10)
    old.batch(paracetamol, "A-2", 20, expires="2099-01-31")
    old.batch(old.product("Gauze", 5), "G-1", 5, outlet=STATION, expires=None)
    old.batch(old.product("Flour", 8, tenant=BAKERY), "F-1", 8, outlet=OVEN, tenant=BAKERY)
    return old


def sick_shop() -> tuple[OldShop, Mapping[str, Sequence[str]]]:
    """The same with every fault planted once or twice, and by each fault the numbers that its rows begin with."""
    old = healthy_shop()
    syrup = old.product("Syrup", 12)
    old.batch(syrup, "S-1", 10)
    drops = old.batch(old.product("Drops", -3), "D-1", 2)
    old.sell(drops, 5)
    ointment = old.batch(old.product("Ointment", 4), "O-1", 4, expires="2020-01-31", at="2019-01-01")
    plaster = old.product("Plaster", 7)
    plasters = old.batch(plaster, "P-1", 3), old.batch(plaster, "P-1", 4, at="2024-12-01")
    homeless = old.batch(999, "H-1", 6)
    mask = old.batch(old.product("Mask", 9), "M-1", 0)
    old.change(mask, 9)
    thermometer = old.batch(old.product("Thermometer", 12), "T-1", 10)
    old.reconcile(thermometer, 2)
    vitamin = old.batch(old.product("Vitamin", 7), "V-1", 10)
    old.change(vitamin, -3)
    soap = old.batch(old.product("Bar of soap", 15), "B-1", 10)
    old.change(soap, 5)
    cotton = old.batch(old.product("Cotton", 0), "C-1", 5)
    orphan = old.rows["inventory_stockmovement"][-1]["id"]
    unbatched = old.move(cotton, "damage", 1, batch_id=None)
    old.delete_batch(cotton)
    tea = old.batch(old.product("Tea", 4), "TE-1", 5)
    foreign = old.sell(tea, 1, tenant_id=BAKERY)
    honey = old.batch(old.product("Honey", 5), "HO-1", 6)
    elsewhere = old.sell(honey, 1, outlet_id=STATION)
    lotion = old.batch(old.product("Lotion", 0), "L-1", 5, expires="2021-06-30", at="2021-01-01")
    late = old.sell(lotion, 5, at="2021-07-02")
    bandage = old.product("Bandage", 9)
    old.batch(bandage, "BA-1", 5)
    jumped = old.sell(old.batch(bandage, "BA-2", 5, expires="2099-01-31"), 1)
    comb = old.product("Hair comb", 0, image="products/comb.jpg")
    razor = old.batch(old.product("Razor", 8), "R-1", 10)
    old.reconcile(razor, -2)
    planted = {
        "stock_differs": [syrup],
        "negative_batches": [drops],
        "expired_on_sale": [ointment],
        "duplicate_batches": plasters,
        "batches_without_a_place": [homeless],
        "batches_without_movements": [mask],
        "balance_not_derivable": [thermometer, razor],
        "left_without_movement": [vitamin],
        "came_without_movement": [soap],
        "orphaned_movements": [orphan, unbatched],
        "movements_of_other_businesses": [foreign],
        "movements_elsewhere": [elsewhere],
        "sold_expired": [late],
        "sold_out_of_order": [jumped],
        "missing_pictures": [comb],
    }
    return old, {code: [str(number) for number in numbers] for code, numbers in planted.items()}
