"""``lotkeeper migrate``: Django's own, then our functions and every table's rights, in their current text."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.commands import migrate
from django.db import connection, transaction

from lotkeeper.core.postgres.scripts import read_script, run_script
from lotkeeper.core.postgres.security import apply_table_security

#: A function whose parameters changed would stand beside its successor, and one that is gone would stay callable.
_FORGET_DOORS = """
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'lk'::regnamespace AND p.prosecdef LOOP
    EXECUTE format('DROP FUNCTION %s', v_function);
  END LOOP;
END $$;
"""


class Command(migrate.Command):
    help = f"{migrate.Command.help} Then installs our functions and applies rights and row-level security."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; when it went all the way, bring functions and rights to their current text too."""
        super().handle(*args, **options)
        if options["plan"] or options["check_unapplied"] or options["app_label"]:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FORGET_DOORS)
            for config in apps.get_app_configs():
                for script in getattr(config, "database_functions", ()):
                    run_script(cursor, read_script(config.name, script))
            apply_table_security(cursor)
