"""What the ledger's ids stand for: products, outlets, people.

Told whenever it changes, so that a journal can be read, and restored, by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from django.apps import apps
from django.db.models import ForeignKey, GeneratedField, Model

from lotkeeper.accounts.models import Tenant, User
from lotkeeper.core.models import TenantModel
from lotkeeper.stock.checks.running import Cursor
from lotkeeper.stock.journal.state import JournalState, row_hash
from lotkeeper.stock.models import Batch, Operation

#: Written in place of what nobody who holds a journal shall have: no password fits, no token is known.
_WITHHELD: Mapping[str, Mapping[str, str]] = {"accounts_user": {"password": ""}, "accounts_apitoken": {"digest": "\\x"}}


_LEDGER = frozenset({Batch, Operation})


@dataclass(frozen=True, slots=True)
class JournalTable:
    """A table whose rows a journal tells of."""

    name: str
    tenant_column: str
    columns: Sequence[str]
    #: Whether its rows point at batches or operations.
    leans_on_ledger: bool


@dataclass(frozen=True, slots=True)
class RowRecord:
    """What a row says now, or that it is gone."""

    table: str
    number: int
    raw: bytes
    gone: bool


def journal_tables() -> Sequence[JournalTable]:
    """The tables, each after those that it points at: businesses, people, and what models say is ``in_journal``."""
    tenants_own = (model for model in apps.get_models() if issubclass(model, TenantModel) and model.in_journal)
    told: list[type[Model]] = [Tenant, User, *tenants_own]
    order = TopologicalSorter({model: _pointed_at(model) for model in told}).static_order()
    return [_table(model) for model in order if model in told]


def changed_rows(cursor: Cursor, tenant_id: int, state: JournalState) -> Iterator[RowRecord]:
    """The rows that are new, changed or gone since they were last told."""
    for table in journal_tables():
        known = {number for name, number in state.rows if name == table.name}
        columns = ", ".join(f'"{column}"' for column in table.columns)
        cursor.execute(
            f'SELECT t.id, row_to_json(t)::text FROM (SELECT {columns} FROM "{table.name}"'  # noqa: S608  # our own names
            f" WHERE {table.tenant_column} = %(tenant)s ORDER BY id) t",
            {"tenant": tenant_id},
        )
        for number, text in cursor.fetchall():
            known.discard(number)
            raw = _raw(table.name, number, _without_secrets(table.name, text))
            if state.rows.get((table.name, number)) != row_hash(raw):
                yield RowRecord(table.name, number, raw, gone=False)
        for number in sorted(known):
            yield RowRecord(table.name, number, _raw(table.name, number, "null"), gone=True)


def _table(model: type[Model]) -> JournalTable:
    return JournalTable(
        name=model._meta.db_table,
        tenant_column="id" if model is Tenant else "tenant_id",
        columns=[str(each.column) for each in model._meta.concrete_fields if not isinstance(each, GeneratedField)],
        leans_on_ledger=not _LEDGER.isdisjoint(_pointed_at(model)),
    )


def _pointed_at(model: type[Model]) -> list[type[Model]]:
    targets = [each.related_model for each in model._meta.concrete_fields if isinstance(each, ForeignKey)]
    # A category within another is written with it, in one statement.
    return [target for target in targets if isinstance(target, type) and target is not model]


def _without_secrets(table: str, text: str) -> str:
    withheld = _WITHHELD.get(table)
    return json.dumps({**json.loads(text), **withheld}, separators=(",", ":")) if withheld else text


def _raw(table: str, number: int, text: str) -> bytes:
    return f'{{"record":"row","table":"{table}","id":{number},"row":{text}}}\n'.encode()
