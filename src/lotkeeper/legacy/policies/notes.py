"""What was wrong with a batch in the old system, as a note on the operation that brings it over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lotkeeper.legacy.policies.faults import Diagnosis, Fault
from lotkeeper.legacy.policies.findings import Finding


class Notes:
    """The findings of a diagnosis by the batches and products that they are about."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._of_batch: dict[int, list[tuple[Fault, Finding]]] = defaultdict(list)
        self._of_product: dict[int, list[tuple[Fault, Finding]]] = defaultdict(list)
        for fault in diagnosis.faults:
            for finding in fault.findings:
                if finding.batch_id is not None:
                    self._of_batch[finding.batch_id].append((fault, finding))
                if finding.product_id is not None:
                    self._of_product[finding.product_id].append((fault, finding))

    def about(self, batch_ids: Sequence[int], product_id: int) -> str:
        """A line for each kind of fault, with its first row: a batch may have been sold too late a thousand times."""
        found = [each for batch_id in batch_ids for each in self._of_batch.get(batch_id, ())]
        found += self._of_product.get(product_id, ())
        alike: dict[str, list[tuple[Fault, Finding]]] = defaultdict(list)
        for fault, finding in found:
            alike[fault.code].append((fault, finding))
        numbers = ", ".join(map(str, batch_ids)) or "none"
        return "\n".join([f"Batch in the old system: {numbers}.", *map(_line, alike.values())])


def _line(alike: Sequence[tuple[Fault, Finding]]) -> str:
    fault, finding = alike[0]
    cells = ", ".join(f"{column} {cell}" for column, cell in zip(fault.columns, finding.cells, strict=True) if cell)
    more = f" And {len(alike) - 1} more." if len(alike) > 1 else ""
    return f"{fault.title}: {cells}.{more}"
