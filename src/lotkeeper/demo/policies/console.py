"""What the terminal tells about the demonstration shop. Pure text."""

from __future__ import annotations

from typing import Final

from lotkeeper.demo.policies.story import OWNER, PASSWORD, SHOP_NAME, STAFF

ADDRESS: Final = "http://127.0.0.1:8000/"
#: Its password is known to all, so it is not put beside what somebody relies on.
NOT_HERE: Final = "A business keeps its stock here; the demonstration shop is for an installation of its own."
_RULE: Final = "-" * 78
_NEW_TOKEN: Final = f"token --email {OWNER.email} --scope stock"


def welcome(*, address: str, command: str, token: str, variation_id: int, outlet_id: int) -> str:
    """Everything to begin with: where to click, who logs in, and a first request. The token is shown here only.

    Args:
        address: where Lotkeeper is reached.
        command: how ``lotkeeper`` is called here.
        token: as it was issued.
        variation_id: what the first request takes.
        outlet_id: where.
    """
    return "\n".join(
        [
            *_head(address),
            "",
            "  An API token, shown this once:",
            f"    {token}",
            "  A first request, which takes from two batches, the one that expires first before the other:",
            "",
            example_request(address=address, token=token, variation_id=variation_id, outlet_id=outlet_id),
            "",
            f"  Another token: {command} {_NEW_TOKEN}",
            _RULE,
        ]
    )


def reminder(*, address: str, command: str) -> str:
    """Where to click when the shop was made earlier."""
    return "\n".join([*_head(address), f"  A new API token: {command} {_NEW_TOKEN}", _RULE])


def example_request(*, address: str, token: str, variation_id: int, outlet_id: int) -> str:
    """The sale of the API's own example, for a shell."""
    body = (
        f'{{"variation_id": {variation_id}, "quantity": 5, "outlet_id": {outlet_id}, "movement_type": "sale", '
        '"reason": "Sale order #12345", "reference_id": "order_12345"}'
    )
    return (
        f"curl -X POST {address}api/v1/inventory/deduct/ \\\n"
        f"  -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )


def _head(address: str) -> list[str]:
    return [
        _RULE,
        f"  {SHOP_NAME}: a demonstration. Everybody knows its password; keep it off networks.",
        "",
        f"  {address}",
        *(f"    {person.email:<26} {person.duty}" for person in STAFF),
        f"  Password of all of them: {PASSWORD}",
    ]
