"""Holds every statement to one tenant: each tenant's table in it is pinned to the tenant, by name or through a join."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlglot
from django.apps import apps
from sqlglot import exp

_meant: ContextVar[str] = ContextVar("cross_tenant", default="")

TENANT = "tenant_id"
_LEVELS = (exp.Select, exp.Update, exp.Delete, exp.Insert)
#: The driver's placeholders, as PostgreSQL itself would write a parameter.
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|%%")
#: What stands before the statement that is meant, when it is explained or read piece by piece.
_BEFORE = re.compile(r"^(EXPLAIN|DECLARE \w+ NO SCROLL CURSOR FOR)\s+")


class NotSingleTenant(AssertionError):
    """A statement could touch rows of more than one tenant."""


def hold_to_one_tenant(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """An execute wrapper: refuses to send a statement that is not about one tenant, unless it is meant to be so."""
    if not _meant.get():
        loose = loose_tables(str(sql))
        if loose:
            message = f"nothing ties {', '.join(loose)} to one tenant in:\n{sql}"
            raise NotSingleTenant(message)
    return execute(sql, params, many, context)


@contextmanager
def cross_tenant(reason: str) -> Iterator[None]:
    """Let the statements inside touch several tenants' rows, for a reason."""
    token = _meant.set(reason)
    try:
        yield
    finally:
        _meant.reset(token)


@functools.cache
def tenant_tables() -> frozenset[str]:
    """The tables whose rows belong to a tenant."""
    return frozenset(model._meta.db_table for model in apps.get_models() if hasattr(model, "app_rights"))


@functools.lru_cache(maxsize=20_000)
def loose_tables(sql: str) -> tuple[str, ...]:
    """The tenant's tables of a statement that nothing in it ties to one tenant."""
    if not any(table in sql for table in tenant_tables()):
        return ()
    text = _PLACEHOLDER.sub(lambda found: "%" if found[0] == "%%" else "$1", _BEFORE.sub("", sql))
    return tuple(
        name for statement in sqlglot.parse(text, dialect="postgres") if statement for name in _loose(statement)
    )


def _loose(statement: exp.Expr) -> Iterator[str]:
    if isinstance(statement, exp.Command):
        yield "a statement that cannot be read"
    for level in statement.find_all(*_LEVELS):
        if isinstance(level, exp.Insert):
            yield from _loose_insert(level)
        else:
            yield from _loose_level(level)


def _loose_insert(insert: exp.Insert) -> Iterator[str]:
    """A row is added with its tenant among its columns; a SELECT that it comes from is a level of its own."""
    target = insert.find(exp.Table)
    columns = insert.this.expressions if isinstance(insert.this, exp.Schema) else []
    if target is not None and target.name in tenant_tables() and TENANT not in [column.name for column in columns]:
        yield target.name


def _loose_level(level: exp.Expr) -> Iterator[str]:
    """One SELECT, UPDATE or DELETE: each tenant's table is equal in its tenant to a value, or to one that is."""
    tables = {table.alias_or_name: table.name for table in _own(level, exp.Table) if table.name in tenant_tables()}
    pinned: set[str] = set()
    joined: list[tuple[str, str]] = []
    for one, other in _tenant_equalities(level, set(tables)):
        if other is None or other not in tables:
            # A value, or a table of a level around this one, which is looked at by itself.
            pinned.add(one)
        else:
            joined.append((one, other))
    for _ in joined:
        for one, other in joined:
            if {one, other} & pinned:
                pinned |= {one, other}
    yield from (name for alias, name in tables.items() if alias not in pinned)


def _tenant_equalities(level: exp.Expr, aliases: set[str]) -> Iterator[tuple[str, str | None]]:
    """Each ``a.tenant_id = …`` that every row of the level has to meet: with whose tenant, None for a value."""
    for condition in (*_own(level, exp.Where), *_own(level, exp.Join)):
        on = condition.args.get("on") if isinstance(condition, exp.Join) else condition.this
        for conjunct in _conjuncts(on):
            if not isinstance(conjunct, exp.EQ):
                continue
            sides = [conjunct.left.unnest(), conjunct.right.unnest()]
            for side, opposite in (sides, sides[::-1]):
                if _is_tenant(side) and (alias := side.table or _only(aliases)) in aliases:
                    if _is_tenant(opposite):
                        yield alias, opposite.table or _only(aliases)
                    elif not opposite.find(exp.Column):
                        yield alias, None


def _conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    elif condition is not None:
        yield condition


def _own(level: exp.Expr, kind: type[exp.Expr]) -> Iterator[Any]:
    """What belongs to a level itself and not to one inside it."""
    return (each for each in level.find_all(kind) if each.find_ancestor(*_LEVELS) is level)


def _is_tenant(expression: exp.Expr) -> bool:
    return isinstance(expression, exp.Column) and expression.name == TENANT


def _only(aliases: set[str]) -> str:
    return next(iter(aliases)) if len(aliases) == 1 else ""
