"""``lotkeeper migrate``: Django's own, then our functions and every table's rights, in their current text."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connection, transaction

from lotkeeper.core.postgres.security import apply_table_security


class Command(migrate.Command):
    help = f"{migrate.Command.help} Then applies rights and row-level security to every table."

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"]:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            apply_table_security(cursor)
