"""What a new installation needs once: the demonstration shop, or a link under which the owner makes their own."""

from __future__ import annotations

import os
import sys

import django
from django.core.management import call_command


def main(wish: str, address: str) -> None:
    """Fill the demonstration shop (``demo``), which says who may log in, or print the path of the set-up page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lotkeeper.config.settings")
    django.setup()
    if wish == "demo":
        call_command("demo", address=address)
        return
    from lotkeeper.accounts.operations.setup import new_setup_link  # needs Django set up

    print(new_setup_link())  # noqa: T201  # read by `lotkeeper up`


if __name__ == "__main__":
    main(*sys.argv[1:])
