"""Who works at the demonstration shop, where, and who delivers. Pure: no Django, no database.

A chain on Canada's Atlantic coast, since three shops there can stand in three time zones, one of them half an hour off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from lotkeeper.accounts.policies import Role

SHOP_NAME: Final = "Harbour Pharmacy & Grocer"
CURRENCY: Final = "CAD"
TIMEZONE: Final = "America/Halifax"
#: Known to everybody who can read this, and therefore for a demonstration alone.
PASSWORD: Final = "lotkeeper-demo"  # noqa: S105  # no secret


@dataclass(frozen=True, slots=True)
class Place:
    """An outlet and its day. ``weekdays`` are factors from Monday to Sunday; hours are local."""

    code: str
    letter: str
    name: str
    timezone: str
    address: str
    baskets_a_day: int
    opens: int
    closes: int
    weekdays: tuple[float, ...]

    def moment(self, day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
        """A moment of the outlet's own day."""
        local = dt.datetime.combine(day, dt.time(hour, minute, second), ZoneInfo(self.timezone))
        return local.astimezone(dt.UTC)


HARBOUR_ROAD: Final = Place(
    code="HR",
    letter="H",
    name="Harbour Road",
    timezone="America/Halifax",
    address="12 Harbour Road, Halifax",
    baskets_a_day=15,
    opens=8,
    closes=21,
    weekdays=(1.0, 0.9, 0.9, 1.05, 1.3, 1.4, 0.5),
)
MARKET_SQUARE: Final = Place(
    code="MS",
    letter="M",
    name="Market Square",
    timezone="America/Moncton",
    address="3 Market Square, Saint John",
    baskets_a_day=9,
    opens=9,
    closes=19,
    weekdays=(0.9, 0.9, 1.0, 1.0, 1.2, 1.6, 0.4),
)
AIRPORT_KIOSK: Final = Place(
    code="AK",
    letter="A",
    name="Airport kiosk",
    timezone="America/St_Johns",
    address="Departures, St. John's International Airport",
    baskets_a_day=6,
    opens=5,
    closes=22,
    weekdays=(1.1, 0.8, 0.8, 1.0, 1.3, 0.8, 1.2),
)
PLACES: Final[Sequence[Place]] = (HARBOUR_ROAD, MARKET_SQUARE, AIRPORT_KIOSK)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logs in; without a place they work everywhere."""

    email: str
    name: str
    role: Role
    place: Place | None = None

    @property
    def duty(self) -> str:
        """Role and place, for people."""
        return f"{self.role} at {self.place.name}" if self.place else f"{self.role}, everywhere"


#: Who enters the past, as the old books tell it; cannot log in, and is let go when the shop opens.
BOOKKEEPER_DOMAIN: Final = "books.harbour.example"
BOOKKEEPER_NAME: Final = "The old books"
OWNER: Final = Person("owner@harbour.example", "Maeve Sullivan", Role.OWNER)
MANAGER: Final = Person("manager@harbour.example", "Ravi Menon", Role.MANAGER, HARBOUR_ROAD)
CLERK: Final = Person("clerk@harbour.example", "Chloé Arsenault", Role.CLERK, HARBOUR_ROAD)
COUNTER: Final = Person("counter@harbour.example", "Tomasz Lis", Role.COUNTER, MARKET_SQUARE)
AUDITOR: Final = Person("auditor@harbour.example", "Ingrid Boyle", Role.AUDITOR)
STAFF: Final[Sequence[Person]] = (OWNER, MANAGER, CLERK, COUNTER, AUDITOR)


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who delivers a part of the range."""

    code: str
    name: str


_SUPPLIERS: Final = {
    "Medicines": Supplier("AMS", "Atlantic Medical Supply"),
    "Cosmetics": Supplier("BBC", "Bluenose Body Care"),
    "Drinks": Supplier("TFB", "Tidewater Food & Beverage"),
    "Household": Supplier("MHG", "Maritime Household Goods"),
}
_GROCER: Final = Supplier("AVF", "Annapolis Valley Foods")

SUPPLIERS: Final[Sequence[Supplier]] = (*_SUPPLIERS.values(), _GROCER)


def supplier_of(category: tuple[str, ...]) -> Supplier:
    """Who delivers what stands in a category."""
    return _SUPPLIERS.get(category[0], _GROCER)


#: The article of the first request to try: in a new installation it is variation 421, at outlet 1.
EXAMPLE_SKU: Final = "ACET-01"
