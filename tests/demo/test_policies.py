"""What the demonstration shop sells, and how it trades, without a database."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from lotkeeper.catalog.policies import ScanKind, parse_scan
from lotkeeper.demo.policies.catalogue import Article, articles, shop_products, with_check_digit
from lotkeeper.demo.policies.rhythm import Basket, baskets_of_week, delivered, is_fresh, season, to_order, weekly_demand
from lotkeeper.demo.policies.story import AIRPORT_KIOSK, EXAMPLE_SKU, HARBOUR_ROAD, PLACES, Place, supplier_of

TODAY = dt.date(2025, 11, 22)
DAYS = tuple(dt.date(2025, 3, 3) + dt.timedelta(days=day) for day in range(7))


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same each time is what is wanted


def week_at(place: Place, *, seed: int = 7) -> Sequence[Basket]:
    return baskets_of_week(chance(seed), place, articles(), DAYS)


def article(sku: str) -> Article:
    return next(each for each in articles() if each.sku == sku)


class TestCatalogue:
    def test_the_example_is_the_article_that_the_guide_names(self) -> None:
        assert (article(EXAMPLE_SKU).number, len(articles())) == (421, 435)
        assert article(EXAMPLE_SKU).name == "500 mg, 20 tablets"

    def test_numbers_skus_and_codes_are_unique(self) -> None:
        everything = articles()
        assert [each.number for each in everything] == list(range(1, 436))
        assert len({each.sku for each in everything}) == 435
        assert len({each.gtin for each in everything} | {each.pack_gtin for each in everything}) == 870

    @pytest.mark.parametrize(
        ("digits", "whole"), [("400638133393", "4006381333931"), ("1400638133393", "14006381333938"), ("7", "79")]
    )
    def test_check_digits_are_those_of_gs1(self, digits: str, whole: str) -> None:
        assert with_check_digit(digits) == whole

    def test_codes_are_valid_and_nobody_elses(self) -> None:
        for each in articles():
            assert parse_scan(each.gtin, today=TODAY).kind is ScanKind.GTIN
            assert parse_scan(each.pack_gtin, today=TODAY).kind is ScanKind.GTIN
            assert (len(each.gtin), each.gtin[:2]) == (13, "20")
            assert (len(each.pack_gtin), each.pack_gtin[:3]) == (14, "120")

    def test_what_is_weighed_has_three_decimals_and_a_piece_has_none(self) -> None:
        assert {(product.unit, each.decimals) for product in shop_products() for each in product.articles} == {
            ("piece", 0),
            ("kg", 3),
            ("l", 3),
        }

    def test_prices_leave_something_for_the_shop(self) -> None:
        for each in articles():
            assert 0 < each.usual_cost < each.wholesale_price < each.retail_price
            assert supplier_of(each.category).name


class TestRhythm:
    def test_one_seed_is_one_week(self) -> None:
        assert week_at(HARBOUR_ROAD) == week_at(HARBOUR_ROAD)
        assert week_at(HARBOUR_ROAD) != week_at(HARBOUR_ROAD, seed=8)

    @pytest.mark.parametrize("place", PLACES, ids=[place.code for place in PLACES])
    def test_baskets_are_sold_in_order_while_the_outlet_is_open(self, place: Place) -> None:
        baskets = week_at(place)
        local = [basket.at.astimezone(ZoneInfo(place.timezone)) for basket in baskets]
        assert [basket.at for basket in baskets] == sorted(basket.at for basket in baskets)
        assert {moment.date() for moment in local} == set(DAYS)
        assert all(place.opens <= moment.hour < place.closes for moment in local)

    def test_quantities_fit_what_is_sold(self) -> None:
        for basket in week_at(HARBOUR_ROAD):
            assert len({each.number for each, _ in basket.lines}) == len(basket.lines)
            for each, quantity in basket.lines:
                assert quantity > 0
                assert quantity == round(quantity, each.decimals)

    def test_sundays_are_quiet_and_saturdays_busy(self) -> None:
        baskets = week_at(HARBOUR_ROAD)
        days = [basket.at.astimezone(ZoneInfo(HARBOUR_ROAD.timezone)).weekday() for basket in baskets]
        assert days.count(6) < days.count(0) < days.count(5)

    def test_sunscreen_is_for_the_summer_and_lozenges_for_the_winter(self) -> None:
        july, january = dt.date(2025, 7, 14), dt.date(2025, 1, 20)
        assert season(("Cosmetics", "Sun"), july) == pytest.approx(1.9, abs=0.01)
        assert season(("Cosmetics", "Sun"), january) < 0.2
        assert season(("Medicines", "Cold and flu"), january) == pytest.approx(1.8, abs=0.01)
        assert season(("Household", "Paper"), july) == 1

    def test_a_month_on_the_box_is_its_last_day_and_fresh_goods_have_a_day(self) -> None:
        for each in articles():
            goods = delivered(chance(each.number), each, TODAY, years_on=0.5)
            if each.dating == "none":
                assert goods.expiry_date is None
            else:
                assert goods.expiry_date is not None
                assert goods.expiry_date > TODAY
                assert each.dating == "day" or (goods.expiry_date + dt.timedelta(days=1)).day == 1
            assert goods.unit_cost == goods.unit_cost.quantize(Decimal("0.01"))
            assert 0 < goods.unit_cost < each.retail_price

    def test_what_is_low_is_ordered_in_whole_packs(self) -> None:
        demand = weekly_demand(HARBOUR_ROAD, articles())
        tuna = article("TUNA-01")
        assert to_order(tuna, Decimal(1000), demand[tuna.number]) == 0
        assert tuna.pack == ("case", 24)
        assert to_order(tuna, Decimal(0), 5.0) == 48
        # Half a case is wanted: that is not worth a whole one.
        assert to_order(tuna, Decimal(0), 1.0) == 11

    def test_fresh_goods_are_ordered_little_and_often(self) -> None:
        milk = article("MILK-05")
        assert is_fresh(milk)
        assert to_order(milk, Decimal(4), 3.0) == 0
        assert to_order(milk, Decimal(3), 3.0) == 3

    def test_the_kiosk_sells_no_potatoes(self) -> None:
        assert AIRPORT_KIOSK.letter not in article("POTATO-01").outlets
