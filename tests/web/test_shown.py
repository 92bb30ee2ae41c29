"""How numbers, money and dates are written, and how charts are drawn."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone, translation

from lotkeeper.web.charts import Bar, column_chart, sparkline
from lotkeeper.web.templatetags import shown


def test_numbers_are_written_as_people_write_them() -> None:
    assert [shown.quantity(Decimal(each)) for each in ("3.000", "0.500", "1250", "0")] == ["3", "0.5", "1,250", "0"]
    assert shown.quantity(None) == "\N{EN DASH}"
    assert [shown.signed(Decimal(each)) for each in ("3", "-2.5", "0")] == ["+3", "\N{MINUS SIGN}2.5", "0"]
    assert [shown.plain(Decimal(each)) for each in ("100", "1.20", "0.0125")] == ["100", "1.2", "0.0125"]
    assert shown.plain(None) == ""


def test_money_is_written_in_the_currency_of_the_business() -> None:
    assert shown.money(Decimal("1234.5"), "EUR") == "€1,234.50"
    assert shown.money(Decimal("27.0625"), "EUR") == "€27.06"
    # A yen has no parts, a dinar a thousand.
    assert shown.money(Decimal(1500), "JPY") == "¥1,500"
    assert shown.money(Decimal("1.5"), "KWD").endswith("1.500")
    assert shown.unit_cost(Decimal("0.0125"), "EUR") == "€0.0125"
    assert shown.unit_cost(Decimal("0.5000"), "EUR") == "€0.50"
    assert shown.short_money(Decimal(12500), "EUR") == "€12.5K"
    with translation.override("de"):
        assert shown.money(Decimal("1234.5"), "EUR") == "1.234,50\xa0€"
        assert shown.quantity(Decimal("0.5")) == "0,5"


def test_dates_are_written_without_doubt_about_day_and_month() -> None:
    assert shown.day(dt.date(2027, 3, 4)) == "4 Mar 2027"
    assert shown.short_day(dt.date(2027, 3, 4)) == "4 Mar"
    with timezone.override("Africa/Nairobi"):
        assert shown.moment(dt.datetime(2027, 3, 4, 22, 30, tzinfo=dt.UTC)) == "5 Mar 2027, 01:30"


def test_a_link_knows_the_pages_below_it() -> None:
    assert shown.current("/stock/7/", "/stock/") is True
    assert shown.current("/stock/", "/") is False
    assert shown.current("/", "/") is True


def test_columns_stand_on_a_scale_of_round_numbers() -> None:
    chart = column_chart([Bar(Decimal(190), "a", ""), Bar(Decimal(0), "", ""), Bar(Decimal(1), "", "")], str)
    assert [line.label for line in chart.lines] == ["0", "50", "100", "150", "200"]
    heights = [column.height for column in chart.columns]
    assert round(heights[0] / (chart.lines[0].y - chart.lines[-1].y), 2) == 0.95
    # Nothing is nothing, and what is there at all can be seen.
    assert heights[1:] == [0.0, 1.5]
    assert [line.label for line in column_chart([], str).lines] == ["0", "1", "2", "3", "4"]


def test_a_small_line_fits_its_box() -> None:
    assert sparkline([Decimal(0), Decimal(5), Decimal(10)]) == "0.0,28.0 50.0,15.0 100.0,2.0"
    assert sparkline([Decimal(0)]) == "0.0,28.0"
