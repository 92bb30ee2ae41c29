"""Counting in a browser: along the shelf, without a network, and then what differs is looked at and posted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from playwright.sync_api import Route, expect
from tests.conftest import Colleague
from tests.e2e.conftest import PHONE, LogIn, Screen, Store

from lotkeeper.accounts.operations.business import BusinessChanges, change_business
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.stocktakes.models import CountScope, StockTake, StockTakeObservation
from lotkeeper.stocktakes.operations import Observation, Rules, Scope, open_stock_take, record_counts


@pytest.fixture
def counter(store: Store, business: NewTenant, colleague: Colleague) -> Actor:
    return colleague(business, Role.COUNTER, store.shop.outlet.pk)


def opened(store: Store, *, blind: bool = False) -> StockTake:
    scope = Scope(CountScope.LIST, variation_ids=[store.milk.pk, store.soap.pk])
    return open_stock_take(actor=store.owner, outlet_id=store.shop.outlet.pk, scope=scope, rules=Rules(blind=blind))


def seen(take: StockTake) -> list[tuple[str | None, Decimal, str]]:
    """What was kept: the lot, how many, where."""
    with transaction.atomic():
        found = StockTakeObservation.objects.filter(stock_take=take).order_by("item__batch__batch_number", "id")
        return list(found.values_list("item__batch__batch_number", "quantity", "place"))


def scan_shelf(screen: Screen, code: str) -> None:
    screen.page.fill("#scan", code)
    screen.page.press("#scan", "Enter")
    screen.settle()


def tap(screen: Screen, lot: str) -> None:
    screen.page.locator("[data-to-count] a", has_text=f"lot {lot}").click()


def save(screen: Screen, quantity: str) -> None:
    screen.page.get_by_label("How many are there?").fill(quantity)
    screen.page.get_by_role("button", name="Save the count").click()


def forgive_the_network(screen: Screen) -> None:
    """The browser notes each request that found no network; that was meant."""
    lost = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED")
    screen.faults = [fault for fault in screen.faults if not fault.endswith(lost)]


def test_a_count_is_opened_counted_looked_at_and_posted(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner, PHONE)
    screen.open("/")
    screen.page.locator(".bar").get_by_role("link", name="Count").click()
    screen.page.get_by_role("link", name="New count").click()
    screen.page.get_by_label("Note").fill("End of the month")
    screen.page.get_by_role("button", name="Open the count").click()
    expect(screen.page.locator("main")).to_contain_text("0 counted, 6 left")
    # Soap lies in one lot only, so its code says all; scanned again it counts up, also after it was saved.
    scan_shelf(screen, "96385074")
    expect(screen.page.locator("[data-entry-name]")).to_have_text("Bar of soap")
    scan_shelf(screen, "96385074")
    expect(screen.page.get_by_label("How many are there?")).to_have_value("2")
    screen.page.get_by_role("button", name="Save the count").click()
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    scan_shelf(screen, "96385074")
    expect(screen.page.get_by_label("How many are there?")).to_have_value("3")
    expect(screen.page.locator("[data-before]")).to_contain_text("You counted this here before: 2.")
    # What is open is saved when the next one is tapped.
    tap(screen, "M-1")
    save(screen, "5")
    # Milk lies here in three lots: somebody says which.
    scan_shelf(screen, "4006381333931")
    screen.page.locator("#found a", has_text="lot M-2").click()
    scan_shelf(screen, "4006381333931")
    expect(screen.page.get_by_label("How many are there?")).to_have_value("2")
    save(screen, "21")
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    with transaction.atomic():
        take = StockTake.objects.get()
    assert seen(take) == [
        ("M-1", Decimal(5), ""), ("M-2", Decimal(21), ""), ("S-1", Decimal(2), ""), ("S-1", Decimal(3), ""),
    ]  # fmt: skip
    screen.page.get_by_role("link", name="All is counted").click()
    screen.page.get_by_role("button", name="Counting is done").click()
    expect(screen.page.locator(".badges").first).to_contain_text("Counted")
    rows = screen.page.locator(".variance-table tbody")
    # The larger difference in money first, each with what may explain it.
    expect(rows.nth(0)).to_contain_text("lot M-2")
    expect(rows.nth(0)).to_contain_text("Batch M-1 is short and batch M-2 is over by 1.")
    expect(rows.nth(1)).to_contain_text("lot M-1")
    before = store.shop.on_hand(store.milk)
    screen.page.get_by_role("link", name="Post the differences").click()
    expect(screen.page.locator("dialog")).to_contain_text("A posted count cannot be changed.")
    assert store.shop.on_hand(store.milk) == before
    screen.page.get_by_role("button", name="Post them").dblclick()
    # The page may have been opened twice too, and what was told the first time is gone by then.
    expect(screen.page.get_by_text("Posted", exact=True).first).to_be_visible()
    assert store.shop.on_hand(store.milk) == {"M-OLD": Decimal(4), "M-1": Decimal(5), "M-2": Decimal(21)}
    assert store.shop.on_hand(store.soap) == {"S-1": Decimal(3)}
    expect(screen.page.get_by_role("link", name="Post the differences")).to_have_count(0)


def test_lots_that_were_mistaken_are_swapped_once(store: Store, log_in: LogIn) -> None:
    take = opened(store)
    second = store.shop.receive(store.milk, 10, "M-3", expires_in=60)
    observations = [Observation(store.first_milk, Decimal(4)), Observation(second, Decimal(12))]
    record_counts(actor=store.owner, stock_take_id=take.pk, observations=observations)
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/{take.pk}/?only=differences")
    screen.page.get_by_role("link", name="Book it as a swap").first.click()
    expect(screen.page.get_by_label("How many were mistaken")).to_have_value("2")
    screen.page.get_by_role("button", name="Book the swap").dblclick()
    # The page may have been opened twice too, and what was told the first time is gone by then.
    expect(screen.page.locator("main")).to_contain_text("2 mistaken for batch M-3")
    assert store.shop.on_hand(store.milk) == {
        "M-OLD": Decimal(4),
        "M-1": Decimal(4),
        "M-2": Decimal(20),
        "M-3": Decimal(12),
    }
    screen.open(f"/stock-takes/{take.pk}/?only=differences")
    expect(screen.page.locator(".empty")).to_contain_text("What was counted agrees with the book.")


def test_what_is_counted_without_a_network_waits_survives_a_reload_and_is_counted_once(
    store: Store, log_in: LogIn, counter: Actor
) -> None:
    take = opened(store)
    screen = log_in(counter, PHONE)
    screen.open(f"/stock-takes/{take.pk}/count/")
    # The page is kept once its worker stands; it answers the second time it is opened.
    screen.page.wait_for_function(
        "navigator.serviceWorker.controller || navigator.serviceWorker.ready.then(() => true)"
    )
    screen.page.wait_for_function("caches.open('count').then(kept => kept.keys()).then(keys => keys.length > 4)")
    screen.context.set_offline(offline=True)
    tap(screen, "M-1")
    save(screen, "5")
    # A code on a listed piece is known without the server; another one is kept as it was scanned.
    scan_shelf(screen, "96385074")
    save(screen, "2")
    scan_shelf(screen, "4006381333931")
    screen.page.locator("#found a", has_text="lot M-OLD").click()
    save(screen, "4")
    scan_shelf(screen, "UNHEARD-OF")
    save(screen, "7")
    expect(screen.page.locator("[data-not-sent]")).to_have_text("4 not sent yet")
    assert seen(take) == []
    # The page is closed and opened again, still without a network.
    screen.page.close()
    screen.page = screen.context.new_page()
    screen.page.goto(f"{screen.address}/stock-takes/{take.pk}/count/")
    expect(screen.page.locator("[data-not-sent]")).to_have_text("4 not sent yet")
    expect(screen.page.locator("[data-to-count] a", has_text="lot M-1")).to_be_hidden()
    assert seen(take) == []

    def lose_the_answer(route: Route) -> None:
        # The server has it, and the device does not know.
        route.fetch()
        route.abort()

    screen.page.route("**/api/v1/inventory/stock-takes/*/count/", lose_the_answer, times=1)
    screen.context.set_offline(offline=False)
    expect(screen.page.locator("[data-not-sent]")).to_have_text("4 not sent yet")
    screen.page.wait_for_timeout(500)
    screen.page.get_by_role("button", name="Send now").click()
    expect(screen.page.locator("[data-not-sent]")).to_have_text("1 not sent yet")
    assert seen(take) == [("M-1", Decimal(5), ""), ("M-OLD", Decimal(4), ""), ("S-1", Decimal(2), "")]
    # Nobody knows the code: it stays until somebody throws it away.
    expect(screen.page.locator("[data-queue]")).to_contain_text("Nothing is known by this code.")
    screen.page.get_by_role("button", name="Throw away").click()
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    screen.page.reload()
    expect(screen.page.locator("main")).to_contain_text("3 counted, 1 left")
    forgive_the_network(screen)


def test_what_the_server_will_not_have_stays_with_the_reason_and_the_rest_goes_through(
    store: Store, log_in: LogIn
) -> None:
    take = opened(store)
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/{take.pk}/count/")
    screen.context.set_offline(offline=True)
    tap(screen, "M-1")
    save(screen, "5.5")
    tap(screen, "M-2")
    save(screen, "20")
    screen.context.set_offline(offline=False)
    expect(screen.page.locator("[data-not-sent]")).to_have_text("1 not sent yet")
    expect(screen.page.locator("[data-queue]")).to_contain_text("Whole milk")
    expect(screen.page.locator("[data-refusal]")).to_be_visible()
    assert seen(take) == [("M-2", Decimal(20), "")]
    forgive_the_network(screen)


def test_scanned_faster_than_anybody_can_say_which_lot_it_is_no_code_is_lost(store: Store, log_in: LogIn) -> None:
    take = opened(store)
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/{take.pk}/count/")
    for code in ("4006381333931", "4006381333931", "96385074", "5901234123457"):
        screen.page.fill("#scan", code)
        screen.page.press("#scan", "Enter")
    screen.settle()
    # Twice the milk of an unknown lot, once a code of nothing; the soap is open and not saved yet.
    expect(screen.page.locator("[data-not-sent]")).to_have_text("2 not sent yet")
    expect(screen.page.locator("[data-entry-name]")).to_have_text("Bar of soap")
    screen.page.get_by_role("button", name="Save the count").click()
    queue = screen.page.locator("[data-queue-rows] li")
    expect(queue.nth(0)).to_contain_text("Several lots have this code.")
    expect(queue.nth(1)).to_contain_text("Nothing is known by this code.")
    queue.nth(0).get_by_role("button", name="Say which it is").click()
    screen.page.locator("#found a", has_text="lot M-1").click()
    expect(screen.page.get_by_label("How many are there?")).to_have_value("2")
    screen.page.get_by_role("button", name="Save the count").click()
    expect(screen.page.locator("[data-not-sent]")).to_have_text("1 not sent yet")
    assert seen(take) == [("M-1", Decimal(2), ""), ("S-1", Decimal(1), "")]


def test_goods_that_the_book_does_not_know_are_found_and_counted(store: Store, log_in: LogIn) -> None:
    take = opened(store)
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/{take.pk}/count/")
    scan_shelf(screen, "soap")
    screen.page.locator("#found a", has_text="another lot").click()
    # It is not the lot that was taken for it at first.
    save(screen, "a dozen")
    expect(screen.page.get_by_text("Enter how many there are")).to_be_visible()
    screen.page.get_by_label("Place").fill("Cellar")
    save(screen, "6")
    expect(screen.page.get_by_text("Enter the lot number, as printed")).to_be_visible()
    screen.page.get_by_label("Lot number").fill("S-NEW")
    screen.page.get_by_label("Expiry").fill("03/2031")
    save(screen, "6")
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    assert seen(take) == [(None, Decimal(6), "Cellar")]
    screen.open(f"/stock-takes/{take.pk}/")
    expect(screen.page.locator(".variance-table")).to_contain_text("not in the book")
    expect(screen.page.locator(".variance-table")).to_contain_text("S-NEW")
    expect(screen.page.locator(".variance-table")).to_contain_text("31 Mar 2031")


def test_who_counts_blind_sees_no_figure_of_the_book_and_cannot_post(
    store: Store, log_in: LogIn, counter: Actor
) -> None:
    take = opened(store, blind=True)
    screen = log_in(counter, PHONE)
    screen.open(f"/stock-takes/{take.pk}/count/")
    tap(screen, "M-2")
    save(screen, "17")
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    screen.open(f"/stock-takes/{take.pk}/")
    table = screen.page.locator(".variance-table")
    expect(table.locator("td.number")).to_have_text(["17"])
    expect(table.locator("thead th")).to_have_text(["Product and lot", "Counted", "State", "What to do"])
    expect(screen.page.locator("main")).to_contain_text("This count is blind")
    assert screen.page.get_by_role("link", name="Post the differences").count() == 0
    assert screen.page.get_by_role("button", name="Count again").count() == 0
    answer = screen.page.goto(f"{screen.address}/stock-takes/{take.pk}/reconcile/")
    assert answer is not None
    assert answer.status == 403


def test_a_line_is_counted_again_and_a_large_difference_needs_somebody_else(
    store: Store, log_in: LogIn, counter: Actor
) -> None:
    change_business(actor=store.owner, changes=BusinessChanges(count_tolerance_units=Decimal(2)))
    take = opened(store)
    record_counts(
        actor=counter, stock_take_id=take.pk, observations=[Observation(store.first_milk, Decimal(1), place="Shelf")]
    )
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/{take.pk}/")
    screen.page.get_by_role("link", name="Post the differences").click()
    screen.page.get_by_role("button", name="Post them").click()
    expect(screen.page.locator("dialog").get_by_role("alert")).to_contain_text("must approve them")
    screen.page.get_by_role("link", name="Leave it").click()
    assert store.shop.on_hand(store.milk)["M-1"] == Decimal(6)
    screen.page.get_by_role("button", name="Count again Whole milk, lot M-1").click()
    expect(screen.page.locator("main")).to_contain_text("1 lot is to be counted again")
    phone = log_in(counter, PHONE)
    phone.open(f"/stock-takes/{take.pk}/count/")
    expect(phone.page.locator("main")).to_contain_text("Count these again")
    tap(phone, "M-1")
    save(phone, "2")
    expect(phone.page.locator("[data-all-sent]")).to_be_visible()
    screen.open(f"/stock-takes/{take.pk}/?only=unapproved")
    screen.page.get_by_role("button", name="Approve Whole milk, lot M-1").click()
    expect(screen.page.locator(".messages")).to_contain_text("Approved.")
    screen.page.get_by_role("link", name="Post the differences").click()
    screen.page.get_by_role("button", name="Post them").click()
    # The page may have been opened twice too, and what was told the first time is gone by then.
    expect(screen.page.get_by_text("Posted", exact=True).first).to_be_visible()
    assert store.shop.on_hand(store.milk)["M-1"] == Decimal(2)


def test_what_is_proposed_is_counted_with_one_button(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open(f"/stock-takes/?outlet={store.shop.outlet.pk}")
    expect(screen.page.locator("[name=variation_ids]")).to_have_count(3)
    screen.page.get_by_label("Bar of soap").uncheck()
    screen.page.get_by_role("button", name="Count these").click()
    expect(screen.page.locator("main")).to_contain_text("0 counted, 5 left")
    with transaction.atomic():
        take = StockTake.objects.get()
        assert take.scope == CountScope.LIST
        assert set(take.listings.values_list("variation_id", flat=True)) == {store.milk.pk, store.pills.pk}
