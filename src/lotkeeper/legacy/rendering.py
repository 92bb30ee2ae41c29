"""A diagnosis on paper: lines for a terminal, a page of its own, and JSON for a program."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.template.loader import render_to_string

from lotkeeper.legacy.policies.faults import Diagnosis, Fault
from lotkeeper.legacy.policies.rows import OldStock

#: How many rows of a fault are shown; JSON has them all.
ROWS_SHOWN = 10


def in_lines(old: OldStock, diagnosis: Diagnosis) -> Iterator[str]:
    """The diagnosis for a terminal; what it comes to is left to the command, unless there is nothing to tell."""
    yield size_of(old)
    for fault in diagnosis.faults:
        yield ""
        yield f"{fault.title}: {len(fault.findings):,}"
        yield f"  {fault.sentence}"
        yield from _table(fault)
        yield f"  What to do: {fault.advice}"
    yield ""
    yield from (f"Not looked at. {each}" for each in diagnosis.not_looked_at)
    if not diagnosis.faults:
        yield verdict(diagnosis)


def as_json(source: str, today: dt.date, diagnosis: Diagnosis) -> str:
    """The diagnosis for a program, with every row."""
    told: dict[str, Any] = {
        "source": source,
        "date": today.isoformat(),
        "found": diagnosis.count,
        "faults": [
            {
                "code": fault.code,
                "title": fault.title,
                "sentence": fault.sentence,
                "advice": fault.advice,
                "count": len(fault.findings),
                "rows": [dict(zip(fault.columns, finding.cells, strict=True)) for finding in fault.findings],
            }
            for fault in diagnosis.faults
        ],
        "not_looked_at": list(diagnosis.not_looked_at),
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def as_page(source: str, today: dt.date, old: OldStock, diagnosis: Diagnosis) -> str:
    """The diagnosis as a page that needs nothing beside itself, to be read, printed or sent."""
    sections = [
        {
            "fault": fault,
            "count": len(fault.findings),
            "rows": [finding.cells for finding in fault.findings[:ROWS_SHOWN]],
            "more": max(0, len(fault.findings) - ROWS_SHOWN),
        }
        for fault in diagnosis.faults
    ]
    context = {
        "source": source,
        "today": today,
        "size": size_of(old),
        "sections": sections,
        "not_looked_at": diagnosis.not_looked_at,
        "verdict": verdict(diagnosis),
    }
    return render_to_string("legacy/report.html", context)


def size_of(old: OldStock) -> str:
    """How much was read."""
    return (
        f"{len(old.tenants):,} businesses, {len(old.outlets):,} outlets, {len(old.products):,} products,"
        f" {len(old.batches):,} batches, {len(old.movements):,} movements read."
    )


def verdict(diagnosis: Diagnosis) -> str:
    """One sentence over all."""
    if not diagnosis.faults:
        return "No fault was found."
    kinds = "1 kind" if len(diagnosis.faults) == 1 else f"{len(diagnosis.faults)} kinds"
    rows = "1 row" if diagnosis.count == 1 else f"{diagnosis.count:,} rows"
    return f"{kinds} of fault, in {rows}. Nothing was changed."


def _table(fault: Fault) -> Iterator[str]:
    shown: list[Sequence[str]] = [fault.columns, *(finding.cells for finding in fault.findings[:ROWS_SHOWN])]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(fault.findings) > ROWS_SHOWN:
        yield f"    and {len(fault.findings) - ROWS_SHOWN:,} more"
