"""The verifier, written without a look at the database's code, computes the very hashes that the database stored."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from tests.stock.conftest import Shop

from lotkeeper.stock import verifier
from lotkeeper.stock.models import Batch, Operation, StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    ReceiptLine,
    adjust_stock,
    amend_batch,
    deduct_stock,
    hold_batch,
    receive_stock,
    reverse_operation,
)
from lotkeeper.stock.verifier import BatchBirth, LedgerLine, OperationFacts

ODD_TEXTS = [
    "plain",
    'with "quotes", \\ backslash and / slash',
    "tab\tnewline\ncarriage\rbackspace\bfeed\f",
    "control \x01 \x1f \x7f \x80 \x9f",
    "line separators \u2028 \u2029, no-break\u00a0space, \ufeffbom",
    "emoji 💊👩‍⚕️, Ελληνικά, العربية, 日本語, combining é",
    "]]>, ', $$, %s {json: [1]}",
    "x" * 5000,
]


def birth_of(batch: Batch, number: str, expiry: dt.date | None, cost: Decimal | None) -> BatchBirth:
    return BatchBirth(
        batch.tenant_id, batch.pk, batch.outlet_id, batch.variation_id, number, expiry, cost, batch.received_at
    )


def facts_of(operation: Operation) -> OperationFacts:
    return OperationFacts(
        operation.tenant_id, operation.pk, operation.kind, operation.channel, operation.reference_id, operation.reason,
        operation.note, bytes(operation.fingerprint), operation.user_id, operation.token_id, operation.refers_to_id,
        operation.occurred_at, operation.recorded_at,
    )  # fmt: skip


def line_of(line: StockMovement) -> LedgerLine:
    return LedgerLine(
        line.tenant_id, line.batch_id, line.version, line.operation_id, bytes(line.operation_digest), line.line,
        line.movement_type, line.quantity, line.balance_after, line.unit_cost, line.amendment, line.occurred_at,
        line.recorded_at, bytes(line.prev_hash), bytes(line.hash),
    )  # fmt: skip


def every_batch() -> Iterator[tuple[Batch, list[LedgerLine]]]:
    for batch in Batch.objects.order_by("pk"):
        yield batch, [line_of(line) for line in StockMovement.objects.filter(batch_id=batch.pk).order_by("version")]


def digests() -> dict[int, bytes]:
    return {each.pk: verifier.operation_digest(facts_of(each)) for each in Operation.objects.all()}


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts_hash_alike(shop: Shop, text: str) -> None:
    item = shop.variation(decimals=3)
    number = text[:60].strip()
    receipt = receive_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[ReceiptLine(item.pk, Decimal("12.345"), number, None, Decimal("0.0001"))],
        reference_id=text[:150],
        reason=text,
        note=text[::-1],
    )
    batch_id = receipt.movements[0].batch_id
    adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch_id, Decimal("-0.001"))], reason=text)
    amend_batch(actor=shop.actor, batch_id=batch_id, changes={"batch_number": f"{number}!"}, reason=text)
    with transaction.atomic():
        stored = {each.pk: bytes(each.digest) for each in Operation.objects.all()}
        [(batch, lines)] = every_batch()
        assert digests() == stored
        birth = birth_of(batch, number, None, Decimal("0.0001"))
        assert verifier.genesis_hash(birth) == bytes(batch.genesis_hash)
        assert list(verifier.broken_links(birth, lines, stored)) == []
        assert [verifier.line_hash(line, line.prev_hash) for line in lines] == [line.hash for line in lines]
        assert bytes(batch.head_hash) == lines[-1].hash


def test_every_kind_of_posting_hashes_alike(shop: Shop) -> None:
    item = shop.variation()
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=20, microseconds=1)
    soon = shop.receive(item, 5, "soon", expires_in=3, cost="1.2345")
    late = shop.receive(item, 99_999_999, "late")
    deduct_stock(
        actor=shop.actor, outlet_id=shop.outlet.pk, lines=[IssueLine(item.pk, Decimal(7))], occurred_at=long_ago
    )
    sale = shop.sell(item, 2, reference="till-1")
    reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="wrong till")
    hold_batch(actor=shop.actor, batch_id=late, reason="looked into")
    expiry = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)
    with transaction.atomic():
        births = {soon: ("soon", expiry, Decimal("1.2345")), late: ("late", None, None)}
        told = digests()
        assert told == {each.pk: bytes(each.digest) for each in Operation.objects.all()}
        for batch, lines in every_batch():
            assert list(verifier.broken_links(birth_of(batch, *births[batch.pk]), lines, told)) == []


def test_each_change_is_seen(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5, cost="2.5")
    shop.sell(item, 1)
    with transaction.atomic():
        [(batch, lines)] = every_batch()
        told = digests()
    birth = birth_of(batch, "A", None, Decimal("2.5"))
    first, second = lines
    changes = {
        "kind": "opening",
        "quantity": Decimal(6),
        "balance_after": Decimal(6),
        "unit_cost": None,
        "amendment": "x",
        "line": 2,
        "occurred_at": first.occurred_at + dt.timedelta(microseconds=1),
        "recorded_at": first.recorded_at - dt.timedelta(microseconds=1),
        "operation_digest": bytes(32),
        "prev_hash": bytes(32),
        "hash": bytes(32),
        "version": 2,
    }
    for field, value in changes.items():
        assert list(verifier.broken_links(birth, [replace(first, **{field: value}), second], told)) != [], field
    assert list(verifier.broken_links(replace(birth, batch_number="B"), lines, told)) == [
        f"batch {batch.pk}, line 1: does not follow the line before it"
    ]
    assert list(verifier.broken_links(birth, [second], told)) != []
    assert list(verifier.broken_links(birth, lines, told)) == []


def test_the_verifier_needs_nothing_but_python() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {
        "__future__", "argparse", "collections.abc", "dataclasses", "datetime", "decimal", "hashlib", "json", "pathlib",
        "struct", "sys", "typing",
        # Asked for where a signature is checked; where it is missing, the report says that none was.
        "cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519",
        "cryptography.hazmat.primitives.serialization",
    }  # fmt: skip
