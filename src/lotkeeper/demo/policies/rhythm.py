"""How the demonstration shop trades: who buys what on which day, and what arrives. Pure, and the same for one seed."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lotkeeper.catalog.policies.expiry import last_day_of_month
from lotkeeper.demo.policies.catalogue import Article, Dating
from lotkeeper.demo.policies.story import Place

_LINES_IN_BASKET: Final = ((1, 2, 3, 4), (45, 30, 17, 8))
_PIECES: Final = ((1, 2, 3), (76, 18, 6))
_MEAN_LINES: Final = 1.88
_MEAN_PIECES: Final = 1.3
_MEAN_WEIGHED: Final = 0.8
_DAYS_IN_YEAR: Final = 365.25
#: What sells better at one time of the year: the day of its peak, and by how much.
_SEASONS: Final[Mapping[str, tuple[int, float]]] = {
    "Cold and flu": (20, 0.8),
    "Vitamins": (20, 0.3),
    "Allergy": (150, 0.7),
    "Sun": (195, 0.9),
    "Drinks": (200, 0.35),
    "Tea and coffee": (10, 0.3),
}
#: Fresh goods come every week, everything else every four.
FRESH_DAYS: Final = 45
_PLENTY_WEEKS: Final = 9.0
_LOW_WEEKS: Final = 5.0
_FRESH_LOW_WEEKS: Final = 1.1
_FRESH_PLENTY_WEEKS: Final = 1.7


@dataclass(frozen=True, slots=True)
class Basket:
    """What one customer buys, and when."""

    at: dt.datetime
    lines: Sequence[tuple[Article, Decimal]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What is printed on goods that arrive, and what they cost."""

    batch_number: str
    expiry_date: dt.date | None
    unit_cost: Decimal


def is_fresh(article: Article) -> bool:
    """Whether it must come every week."""
    return article.dating is Dating.DAY and article.shelf_days is not None and article.shelf_days <= FRESH_DAYS


def season(category: tuple[str, ...], day: dt.date) -> float:
    """How much more (or less) of a category sells on a day than in the middle of the year's course."""
    factor = 1.0
    for name in category:
        if name in _SEASONS:
            peak, swing = _SEASONS[name]
            factor *= 1 + swing * math.cos(2 * math.pi * (day.timetuple().tm_yday - peak) / _DAYS_IN_YEAR)
    return factor


def baskets_of_week(
    rng: random.Random, place: Place, shelf: Sequence[Article], days: Sequence[dt.date]
) -> Sequence[Basket]:
    """What the customers of one outlet buy on some days that follow each other, in order of time."""
    weights = list(itertools.accumulate(each.popularity * season(each.category, days[0]) for each in shelf))
    baskets: list[Basket] = []
    for day in days:
        count = round(place.baskets_a_day * place.weekdays[day.weekday()] * rng.uniform(0.8, 1.2))
        for at in sorted(_moment(rng, place, day) for _ in range(count)):
            lines = rng.choices(_LINES_IN_BASKET[0], _LINES_IN_BASKET[1])[0]
            chosen = {each.number: each for each in rng.choices(shelf, cum_weights=weights, k=lines)}
            baskets.append(Basket(at, [(each, _bought(rng, each)) for each in chosen.values()]))
    return baskets


def weekly_demand(place: Place, shelf: Sequence[Article]) -> Mapping[int, float]:
    """How much of each article an outlet sells in an ordinary week, by the article's number."""
    lines = place.baskets_a_day * sum(place.weekdays) * _MEAN_LINES
    everything = sum(each.popularity for each in shelf)
    return {
        each.number: lines * each.popularity / everything * (_MEAN_WEIGHED if each.decimals else _MEAN_PIECES)
        for each in shelf
    }


def to_order(article: Article, on_hand: Decimal, weekly: float) -> Decimal:
    """How much to order of an article, in whole packs where that is not far too much; 0 when there is enough."""
    if is_fresh(article):
        # Little and often: what is not sold in two weeks is thrown away.
        low, plenty, spare = _FRESH_LOW_WEEKS, _FRESH_PLENTY_WEEKS, 0
    else:
        low, plenty, spare = _LOW_WEEKS, _PLENTY_WEEKS, 2
    if on_hand > Decimal(weekly * low):
        return Decimal(0)
    wanted = max(math.ceil(Decimal(weekly * plenty) + spare - on_hand), 1 + spare)
    if article.pack is not None and article.pack[1] <= wanted + spare:
        wanted = math.ceil(wanted / article.pack[1]) * article.pack[1]
    return Decimal(wanted)


def reorder_point(article: Article, weekly: float) -> Decimal:
    """Below this much somebody should order: a week's sales, and a little."""
    return Decimal(max(math.ceil(weekly), 1 if article.decimals else 2))


def delivered(rng: random.Random, article: Article, day: dt.date, *, years_on: float) -> Delivered:
    """What is printed on an article that arrives on a day, and what it costs by then."""
    expiry_date = None
    if article.dating is not Dating.NONE and article.shelf_days is not None:
        left = rng.uniform(0.85, 1.0) if is_fresh(article) else rng.uniform(0.5, 0.95)
        expiry_date = day + dt.timedelta(days=round(article.shelf_days * left))
        if article.dating is Dating.MONTH:
            expiry_date = last_day_of_month(expiry_date.year, expiry_date.month)
    dearer = Decimal(str(round(1 + 0.03 * years_on, 4)))
    cost = (article.usual_cost * dearer * Decimal(rng.randint(97, 103)) / 100).quantize(Decimal("0.01"))
    return Delivered(_batch_number(rng, article, day), expiry_date, max(cost, Decimal("0.01")))


def _batch_number(rng: random.Random, article: Article, day: dt.date) -> str:
    """Each trade numbers its lots in its own way."""
    made = day - dt.timedelta(days=rng.randint(1, 3) if is_fresh(article) else rng.randint(20, 60))
    match article.category[0]:
        case "Medicines":
            return f"{rng.choice('ABCDEFGHKLMNPRSTUVWX')}{rng.choice('ABCDEFGHKLMNPRSTUVWX')}{rng.randint(1000, 99999)}"
        case "Cosmetics" | "Household":
            return f"{made:%y%m}{rng.choice('ABCDE')}{rng.randint(10, 99)}"
        case _ if article.dating is Dating.NONE:
            return f"{day:%Y-%m-%d}"
        case _:
            return f"L{made:%y%j}{rng.choice('ABC')}{rng.randint(1, 9)}"


def _bought(rng: random.Random, article: Article) -> Decimal:
    if article.decimals:
        return Decimal(rng.randint(150, 1450)).scaleb(-3)
    return Decimal(rng.choices(_PIECES[0], _PIECES[1])[0])


def _moment(rng: random.Random, place: Place, day: dt.date) -> dt.datetime:
    second = rng.randint(place.opens * 3600, place.closes * 3600 - 1)
    return place.moment(day, second // 3600, second // 60 % 60, second % 60)
