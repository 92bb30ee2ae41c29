"""Each line of a stock take is looked up by its key."""

from __future__ import annotations

import re
from decimal import Decimal

import psycopg
from django.db import transaction
from tests.stock.test_query_plans import plan_of, trade
from tests.stocktakes.conftest import Counting

from lotkeeper.stock.models import Batch
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.operations import Observation, record_counts
from lotkeeper.stocktakes.queries import LinesWanted, variance_lines


def test_lines_are_looked_up_one_by_one(counting: Counting, owner_connection: psycopg.Connection) -> None:
    trade(counting.shop)
    take = counting.open()
    with transaction.atomic():
        seen = [Observation(batch, Decimal(1)) for batch in Batch.objects.values_list("id", flat=True)]
    record_counts(actor=counting.counter, stock_take_id=take.pk, observations=seen)
    owner_connection.execute("ANALYZE")

    for wanted in (LinesWanted(), LinesWanted(only_unapproved=True)):
        plan = plan_of(lambda wanted=wanted: variance_lines(take, wanted, Window(None, 11)))  # type: ignore[misc]
        _assert_looked_up(plan)


def _assert_looked_up(plan: str) -> None:
    """By the keys of each line: its batch, by number or label, its variation, and the lines of the batch since."""
    assert not re.findall(r"Seq Scan on (?:stock_batch|stock_movement|stocktakes_stocktakeobservation)", plan)
    # Without the numbers that tell one use of a table from another.
    conditions = [re.sub(r"\b([a-z])_\d+\.", r"\1.", each) for each in re.findall(r"Index Cond: (.*)", plan)]
    for key in (
        "(id = i.batch_id)",
        "(variation_id = i.variation_id) AND ((batch_number)::text = (i.found_number)::text)",
        "(item_id = c.id) AND (round = c.round)",
        # Which of a batch's indexes is cheaper hangs on how long its history is.
        "(batch_id = l.known_batch_id)",
    ):
        assert any(key in each for each in conditions), (key, plan)
