"""The catalogue over HTTP."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from lotkeeper.accounts.policies import Role, Scope
from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Pack, Product

from .conftest import Api, Shop, api_for, picture

GTIN = "09506000134352"
NOWHERE = 2**62


def made(api: Api, path: str, body: Any) -> Any:
    """Make something that must succeed, and show it."""
    answer = api.post(path, body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def refused(answer: Any) -> tuple[int, str]:
    """The status and the code of a problem."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"/problems/{body['code']}"
    return answer.status_code, body["code"]


def rows(shop: Shop) -> list[Any]:
    """Everything in the catalogue, to see that nothing changed."""
    with shop.inside():
        return [
            list(model.objects.order_by("id").values()) for model in (Category, Product, ItemVariation, Pack, Barcode)
        ]


@pytest.fixture
def tea(api: Api) -> Any:
    """A product with one variation, a pack and two barcodes."""
    category = made(api, "categories/", {"name": "Drinks"})
    variations = [{"sku": "TEA-100", "name": "100 g", "unit": "piece", "reorder_point": 5, "barcodes": ["96385074"]}]
    product = made(
        api,
        "products/",
        {"name": "Tea", "category_id": category["id"], "retail_price": "4.50", "variations": variations},
    )
    variation_id = product["variations"][0]["id"]
    pack = made(api, f"variations/{variation_id}/packs/", {"name": "Box of 9", "factor": 9})
    barcode = made(api, f"variations/{variation_id}/barcodes/", {"code": GTIN, "pack_id": pack["id"]})
    return {
        "category": category["id"],
        "product": product["id"],
        "variation": variation_id,
        "pack": pack["id"],
        "barcode": barcode["id"],
    }


class TestAnswers:
    def test_a_product(self, api: Api, tea: Any) -> None:
        shown = api.get(f"products/{tea['product']}/").json()
        moments = [dt.datetime.fromisoformat(shown.pop(name)) for name in ("created_at", "updated_at")]
        assert moments[0] <= moments[1]
        assert shown == {
            "id": tea["product"],
            "name": "Tea",
            "description": "",
            "category_id": tea["category"],
            "supplier_id": None,
            "image": None,
            "retail_price": "4.50",
            "wholesale_price": None,
            "sell_by_margin_days": 0,
            "usual_shelf_life_days": None,
            "issue_policy": None,
            "is_active": True,
            "variations": [{"id": tea["variation"], "sku": "TEA-100", "name": "100 g", "is_active": True}],
        }

    def test_a_variation(self, api: Api, tea: Any) -> None:
        shown = api.get(f"variations/{tea['variation']}/").json()
        del shown["updated_at"]
        single = api.get("barcodes/", code="96385074").json()["results"][0]
        assert shown == {
            "id": tea["variation"],
            "product_id": tea["product"],
            "product_name": "Tea",
            "sku": "TEA-100",
            "name": "100 g",
            "size": "",
            "colour": "",
            "unit": "piece",
            "quantity_decimals": 0,
            "retail_price": None,
            "wholesale_price": None,
            "reorder_point": 5,
            "is_active": True,
            "packs": [{"id": tea["pack"], "name": "Box of 9", "factor": 9}],
            "barcodes": [
                {"id": single["id"], "code": "96385074", "variation_id": tea["variation"], "pack_id": None},
                {"id": tea["barcode"], "code": GTIN, "variation_id": tea["variation"], "pack_id": tea["pack"]},
            ],
        }

    def test_a_scan(self, api: Api, tea: Any) -> None:
        answer = api.get("lookup/", code=f"]d201{GTIN}10AB12\x1d17280200")
        assert answer.json() == {
            "kind": "gs1",
            "text": f"01{GTIN}10AB12\x1d17280200",
            "gtin": GTIN,
            "batch_number": "AB12",
            "expiry_date": "2028-02-29",
            "serial": None,
            "count": None,
            "net_weight_kg": None,
            "doubts": [],
            "variation": {
                "id": tea["variation"],
                "product_id": tea["product"],
                "product_name": "Tea",
                "sku": "TEA-100",
                "name": "100 g",
                "unit": "piece",
                "quantity_decimals": 0,
            },
            "pack": {"id": tea["pack"], "name": "Box of 9", "factor": 9},
            "factor": 9,
            "is_active": True,
        }

    def test_an_unknown_scan_tells_what_could_be_read(self, api: Api) -> None:
        answer = api.get("lookup/", code="(01)04006381333931(17)270300(10)AB12")
        assert refused(answer) == (404, "unknown_code")
        fields = answer.json()["fields"]
        assert (fields["gtin"], fields["batch_number"], fields["expiry_date"]) == (
            "04006381333931",
            "AB12",
            "2027-03-31",
        )

    def test_a_taken_barcode_names_its_holder(self, api: Api, tea: Any) -> None:
        product = made(api, "products/", {"name": "Coffee", "variations": [{"sku": "COFFEE"}]})
        path = f"variations/{product['variations'][0]['id']}/barcodes/"
        answer = api.post(path, {"code": GTIN[1:]})
        assert refused(answer) == (409, "barcode_taken")
        assert answer.json()["detail"] == "The barcode 9506000134352 belongs to Tea (TEA-100) already."
        assert answer.json()["fields"]["variation_id"] == tea["variation"]


class TestChanges:
    def test_only_what_is_named_is_changed(self, api: Api, tea: Any) -> None:
        before = api.get(f"products/{tea['product']}/").json()
        after = api.patch(f"products/{tea['product']}/", {"wholesale_price": 3.25, "is_active": False}).json()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"wholesale_price", "is_active", "updated_at"}
        assert (after["wholesale_price"], after["is_active"]) == ("3.25", False)
        variation = api.patch(f"variations/{tea['variation']}/", {"colour": "green", "reorder_point": None}).json()
        assert (variation["colour"], variation["reorder_point"], variation["sku"]) == ("green", None, "TEA-100")

    def test_a_category_is_renamed_moved_and_deleted(self, api: Api, tea: Any) -> None:
        hot = made(api, "categories/", {"name": "Hot", "parent_id": tea["category"]})
        moved = api.patch(f"categories/{hot['id']}/", {"name": "Warm", "parent_id": None}).json()
        assert moved == {"id": hot["id"], "name": "Warm", "parent_id": None}
        assert refused(api.patch(f"categories/{hot['id']}/", {"parent_id": hot["id"]})) == (409, "category_cycle")
        assert refused(api.delete(f"categories/{tea['category']}/")) == (409, "in_use")
        assert api.delete(f"categories/{hot['id']}/").status_code == 204

    def test_what_is_in_use_stays_until_it_is_free(self, api: Api, tea: Any, shop: Shop) -> None:
        before = rows(shop)
        assert refused(api.delete(f"products/{tea['product']}/")) == (409, "in_use")
        assert refused(api.delete(f"variations/{tea['variation']}/")) == (409, "in_use")
        assert refused(api.delete(f"packs/{tea['pack']}/")) == (409, "in_use")
        assert rows(shop) == before
        for barcode in api.get("barcodes/").json()["results"]:
            assert api.delete(f"barcodes/{barcode['id']}/").status_code == 204
        assert api.delete(f"packs/{tea['pack']}/").status_code == 204
        assert api.delete(f"variations/{tea['variation']}/").status_code == 204
        assert api.delete(f"products/{tea['product']}/").status_code == 204


class TestLists:
    def test_pages_follow_each_other_without_a_gap_or_a_repeat(self, api: Api) -> None:
        for number in range(7):
            made(api, "products/", {"name": f"Product {number % 4}", "variations": [{"sku": f"SKU-{number}"}]})
        for path, key in (("products/", "name"), ("variations/", "sku")):
            seen: list[Any] = []
            answer = api.get(path, page_size=2)
            while True:
                page = answer.json()
                seen.extend(page["results"])
                if page["next"] is None:
                    break
                answer = api.client.get("{0.path}?{0.query}".format(urlsplit(page["next"])))
            assert len({row["id"] for row in seen}) == len(seen) == 7
            assert [row[key] for row in seen] == sorted(row[key] for row in seen)

    def test_filters_narrow_it_down(self, api: Api, tea: Any) -> None:
        hot = made(api, "categories/", {"name": "Hot", "parent_id": tea["category"]})
        coffee = made(api, "products/", {"name": "Coffee", "category_id": hot["id"], "variations": [{"sku": "COF"}]})
        soap = made(api, "products/", {"name": "Soap", "is_active": False, "variations": [{"sku": "SOAP"}]})

        def names(path: str, key: str, **query: Any) -> list[str]:
            answer = api.get(path, **query)
            assert answer.status_code == 200, answer.content
            return [row[key] for row in answer.json()["results"]]

        assert names("products/", "name") == ["Coffee", "Soap", "Tea"]
        assert names("products/", "name", category=tea["category"]) == ["Coffee", "Tea"]
        assert names("products/", "name", category=hot["id"]) == ["Coffee"]
        assert names("products/", "name", category=NOWHERE) == []
        assert names("products/", "name", is_active="false") == ["Soap"]
        assert names("products/", "name", search="cof") == ["Coffee"]
        assert names("products/", "name", updated_since=soap["updated_at"]) == ["Soap"]
        assert names("variations/", "sku", product_id=coffee["id"]) == ["COF"]
        assert names("variations/", "sku", category=tea["category"]) == ["COF", "TEA-100"]
        assert names("variations/", "sku", search="4 tea") == []
        assert names("variations/", "sku", search="9638") == ["TEA-100"]
        assert names("categories/", "name", parent=tea["category"]) == ["Hot"]
        assert names("barcodes/", "code", variation_id=tea["variation"]) == ["96385074", GTIN]
        assert names("barcodes/", "code", code=GTIN[1:]) == [GTIN]
        assert names(f"variations/{tea['variation']}/barcodes/", "code") == ["96385074", GTIN]
        assert names(f"variations/{tea['variation']}/packs/", "name") == ["Box of 9"]

    @pytest.mark.parametrize("path", ["products/", "variations/"])
    @pytest.mark.parametrize(
        "query",
        [
            {"is_active": "banana"},
            {"updated_since": "yesterday"},
            {"updated_since": "99999-01-01T00:00:00Z"},
            {"category": "x"},
            {"category": "-1"},
            {"category": "0"},
            {"category": "9" * 30},
            {"search": "x" * 101},
            {"page_size": "0"},
            {"page_size": "201"},
            {"cursor": "made-up"},
        ],
        ids=str,
    )
    def test_a_filter_that_makes_no_sense_is_refused(self, api: Api, path: str, query: dict[str, str]) -> None:
        assert api.get(path, **query).status_code == 400
        refused(api.get(path, **query))

    @pytest.mark.parametrize("search", ["%", "_", "\\", "'", '"', "  ", "\N{TEACUP WITHOUT HANDLE}"])
    def test_a_search_is_text_and_never_a_pattern(self, api: Api, tea: Any, search: str) -> None:
        answer = api.get("products/", search=search)
        assert answer.status_code == 200
        assert len(answer.json()["results"]) == (1 if not search.strip() else 0)


WRONG_BODIES: list[tuple[str, Any]] = [
    ("products/", {}),
    ("products/", {"name": ""}),
    ("products/", {"name": None}),
    ("products/", {"name": 5}),
    ("products/", {"name": ["x"]}),
    ("products/", {"name": "x" * 201}),
    ("products/", {"name": "x", "retail_price": -1}),
    ("products/", {"name": "x", "retail_price": "1e5"}),
    ("products/", {"name": "x", "retail_price": None}),
    ("products/", {"name": "x", "retail_price": 10**12}),
    ("products/", {"name": "x", "retail_price": True}),
    ("products/", {"name": "x", "sell_by_margin_days": "3"}),
    ("products/", {"name": "x", "sell_by_margin_days": 1.5}),
    ("products/", {"name": "x", "sell_by_margin_days": True}),
    ("products/", {"name": "x", "usual_shelf_life_days": 10**20}),
    ("products/", {"name": "x", "issue_policy": "lifo"}),
    ("products/", {"name": "x", "issue_policy": {}}),
    ("products/", {"name": "x", "is_active": "maybe"}),
    ("products/", {"name": "x", "category_id": "1"}),
    ("products/", {"name": "x", "category_id": 2**63}),
    ("products/", {"name": "x", "variations": {}}),
    ("products/", {"name": "x", "variations": ["y"]}),
    ("products/", {"name": "x", "variations": [{}]}),
    ("products/", {"name": "x", "variations": [{"sku": "y", "barcodes": "z"}]}),
    ("products/", {"name": "x", "variations": [{"sku": "y", "barcodes": [None]}]}),
    ("products/", {"name": "x", "variations": [{"sku": f"{number}"} for number in range(51)]}),
    ("products/", []),
    ("products/", 5),
    ("products/", None),
    ("variations/", {"sku": "x"}),
    ("variations/", {"sku": "x", "product_id": 0}),
    ("categories/", {"name": "x", "parent_id": -1}),
    ("categories/", {"name": {"a": 1}}),
    ("variations/{variation}/packs/", {"name": "x"}),
    ("variations/{variation}/packs/", {"name": "x", "factor": 1}),
    ("variations/{variation}/packs/", {"name": "x", "factor": 2.5}),
    ("variations/{variation}/packs/", {"name": "x", "factor": "9"}),
    ("variations/{variation}/packs/", {"name": "x", "factor": 2**31}),
    ("variations/{variation}/barcodes/", {}),
    ("variations/{variation}/barcodes/", {"code": ""}),
    ("variations/{variation}/barcodes/", {"code": "x" * 65}),
    ("variations/{variation}/barcodes/", {"code": 96385074}),
    ("variations/{variation}/barcodes/", {"code": "x", "pack_id": True}),
]


@pytest.mark.parametrize(("path", "body"), WRONG_BODIES, ids=[json.dumps(each)[:70] for each in WRONG_BODIES])
def test_a_wrong_body_is_refused_and_nothing_is_written(api: Api, shop: Shop, tea: Any, path: str, body: Any) -> None:
    before = rows(shop)
    answer = api.post(path.format(**tea), body)
    assert refused(answer) == (400, "invalid_request")
    assert answer.json()["errors"]
    assert rows(shop) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"retail_price": 1e999999999, "name": "x"}',
    ],
    ids=["empty", "broken", "no utf-8", "nan", "nul", "half a character", "deep", "huge exponent"],
)
def test_a_body_that_cannot_be_read_is_refused(api: Api, shop: Shop, tea: Any, body: bytes) -> None:
    before = rows(shop)
    for method, path in (("POST", "products/"), ("PATCH", f"products/{tea['product']}/")):
        answer = api.send(method, path, body)
        # A PATCH without a body names nothing, and so changes nothing.
        assert 400 <= answer.status_code < 500 or (method, body) == ("PATCH", b""), answer.content
    untouched = rows(shop)
    untouched[1][0]["updated_at"] = before[1][0]["updated_at"]
    assert untouched == before


@pytest.mark.parametrize("code", ["", "   ", "x" * 513])
def test_a_look_up_without_a_code_is_refused(api: Api, code: str) -> None:
    assert refused(api.get("lookup/", code=code)) == (400, "invalid_request")
    assert refused(api.get("lookup/")) == (400, "invalid_request")


CALLS: list[tuple[str, str, Any]] = [
    ("GET", "categories/{category}/", None),
    ("PATCH", "categories/{category}/", {"name": "x"}),
    ("DELETE", "categories/{category}/", None),
    ("POST", "categories/", {"name": "x", "parent_id": "{category}"}),
    ("GET", "products/{product}/", None),
    ("PATCH", "products/{product}/", {"name": "x"}),
    ("DELETE", "products/{product}/", None),
    ("DELETE", "products/{product}/image/", None),
    ("POST", "products/", {"name": "x", "category_id": "{category}"}),
    ("GET", "variations/{variation}/", None),
    ("PATCH", "variations/{variation}/", {"name": "x"}),
    ("DELETE", "variations/{variation}/", None),
    ("POST", "variations/", {"sku": "x", "product_id": "{product}"}),
    ("GET", "variations/{variation}/packs/", None),
    ("POST", "variations/{variation}/packs/", {"name": "x", "factor": 2}),
    ("GET", "packs/{pack}/", None),
    ("DELETE", "packs/{pack}/", None),
    ("GET", "variations/{variation}/barcodes/", None),
    ("POST", "variations/{variation}/barcodes/", {"code": "x"}),
    ("GET", "barcodes/{barcode}/", None),
    ("DELETE", "barcodes/{barcode}/", None),
]


def call(api: Api, method: str, path: str, body: Any, ids: Any) -> Any:
    """Call an address with these ids in their places."""
    filled = None
    if body is not None:
        filled = {
            name: ids.get(value[1:-1], value) if isinstance(value, str) else value for name, value in body.items()
        }
    return api.send(method, path.format(**ids), filled) if method != "GET" else api.get(path.format(**ids))


@pytest.mark.parametrize("each", CALLS, ids=[f"{method} {path}" for method, path, _ in CALLS])
def test_another_business_finds_nothing_at_any_address(
    shop: Shop, tea: Any, other_api: Api, each: tuple[str, str, Any]
) -> None:
    before = rows(shop)
    assert refused(call(other_api, *each, tea)) == (404, "not_found")
    assert refused(call(other_api, *each, dict.fromkeys(tea, NOWHERE))) == (404, "not_found")
    assert rows(shop) == before


def test_another_business_sees_none_of_it_in_its_lists(tea: Any, other_api: Api) -> None:
    for path in ("categories/", "products/", "variations/", "barcodes/"):
        assert other_api.get(path).json()["results"] == []
    assert refused(other_api.get("lookup/", code=GTIN)) == (404, "unknown_code")
    assert refused(other_api.upload(f"products/{tea['product']}/image/", picture())) == (404, "not_found")


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_and_managers_and_owners_write(
    shop: Shop, tea: Any, api_as: Callable[..., Api], role: Role
) -> None:
    person = api_as(role)
    may_write = role in {Role.OWNER, Role.MANAGER}
    before = rows(shop)
    for method, path, body in CALLS:
        if method == "GET":
            assert call(person, method, path, body, tea).status_code == 200
        elif not may_write:
            assert refused(call(person, method, path, body, tea)) == (403, "not_allowed")
    assert person.get("lookup/", code=GTIN).status_code == 200
    if may_write:
        assert person.patch(f"products/{tea['product']}/", {"name": "Green tea"}).status_code == 200
        assert person.upload(f"products/{tea['product']}/image/", picture()).status_code == 200
    else:
        assert refused(person.upload(f"products/{tea['product']}/image/", picture())) == (403, "not_allowed")
        assert rows(shop) == before


@pytest.mark.parametrize(
    ("scope", "reads", "writes"),
    [(Scope.READ, 200, 403), (Scope.STOCK, 200, 403), (Scope.CATALOG, 200, 201), (Scope.ADMIN, 200, 201)],
)
def test_a_token_does_what_its_scopes_say(shop: Shop, scope: Scope, reads: int, writes: int) -> None:
    program = api_for(shop, None, scope)
    assert program.get("products/").status_code == reads
    assert program.post("products/", {"name": "Tea"}).status_code == writes


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_nobody_gets_in_without_saying_who_they_are(tea: Any, method: str, path: str, body: Any) -> None:
    answer = Client().generic(
        method, f"/api/v1/{path.format(**tea)}", json.dumps(body), content_type="application/json"
    )
    assert refused(answer) == (401, "not_authenticated")


@pytest.mark.parametrize("path", ["products/0/", "products/-1/", "products/x/", f"products/{2**63}/", "products/1e3/"])
def test_an_id_that_cannot_be_one_leads_nowhere(api: Api, path: str) -> None:
    assert refused(api.get(path)) == (404, "not_found")


def test_the_wrong_verb_is_told(api: Api, tea: Any) -> None:
    assert refused(api.send("PUT", f"products/{tea['product']}/", {"name": "x"})) == (405, "method_not_allowed")
    assert refused(api.post("barcodes/", {"code": "x"})) == (405, "method_not_allowed")
    for path in ("products/", f"products/{tea['product']}/", f"products/{tea['product']}/image/"):
        assert refused(api.send("OPTIONS", path)) == (405, "method_not_allowed")
