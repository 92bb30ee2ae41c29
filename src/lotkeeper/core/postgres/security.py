"""Rights and row-level security of every table, applied after each migration, so that no table is forgotten.

A model says what the application may do with its table (``app_rights``, ``poster_rights``); a table of Django's or of
a library gets ordinary reading and writing.
"""

from __future__ import annotations

from django.apps import apps
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from lotkeeper.core.postgres.scripts import run_script

_EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
_READ_ONLY_TABLES = ("django_migrations",)


def apply_table_security(cursor: CursorWrapper) -> None:
    """Grant each role what the models say, and shut every tenant table to other tenants."""
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    statements = [line for model in models for line in _row_level_security(model)]
    if _has_own_roles(cursor):
        statements += [line for model in models for line in _rights(model)]
        statements += [f"GRANT SELECT ON {table} TO lk_app;" for table in _READ_ONLY_TABLES]
        statements.append("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lk_app, lk_poster;")
    run_script(cursor, "\n".join(statements))


def _has_own_roles(cursor: CursorWrapper) -> bool:
    # With one foreign role only, that role owns the tables and needs no rights from itself.
    cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lk_app')")
    return bool(cursor.fetchone()[0])


def _rights(model: type[Model]) -> list[str]:
    table = model._meta.db_table
    app_rights = getattr(model, "app_rights", _EVERYTHING)
    poster_rights = getattr(model, "poster_rights", "SELECT")
    return [
        f'REVOKE ALL ON "{table}" FROM lk_app, lk_poster;',
        f'GRANT {app_rights} ON "{table}" TO lk_app;',
        f'GRANT {poster_rights} ON "{table}" TO lk_poster;',
    ]


def _row_level_security(model: type[Model]) -> list[str]:
    if not hasattr(model, "app_rights"):
        return []
    table = model._meta.db_table
    same_tenant = "tenant_id = (SELECT lk.current_tenant())"
    # Not FORCEd on the owner: foreign keys would then be validated over rows it cannot see.
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;',
        f'DROP POLICY IF EXISTS tenant ON "{table}";',
        f'CREATE POLICY tenant ON "{table}" TO lk_app USING ({same_tenant}) WITH CHECK ({same_tenant});',
        # The posting functions name their tenant in every statement and check it once; see lk.same_tenant.
        f'DROP POLICY IF EXISTS poster ON "{table}";',
        f'CREATE POLICY poster ON "{table}" TO lk_poster USING (true) WITH CHECK (true);',
    ]
