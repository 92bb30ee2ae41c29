"""Schema changes: a relation between tenant tables is constrained on (tenant_id, id), never on id alone."""

from __future__ import annotations

from typing import Any

from django.db.backends.ddl_references import Columns, Statement
from django.db.backends.postgresql import schema
from django.db.models import Model


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    # Written at the end of the migration in every case, so that the composite form can be used.
    sql_create_column_inline_fk = None  # type: ignore[assignment]

    def _create_fk_sql(self, model: type[Model], field: Any, suffix: str) -> Statement:
        statement: Statement = super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]  # not in the stubs
        if getattr(field, "names_tenant", False):
            target = field.target_field.model._meta.db_table
            statement.parts["column"] = Columns(model._meta.db_table, ["tenant_id", field.column], self.quote_name)
            statement.parts["to_column"] = Columns(target, ["tenant_id", "id"], self.quote_name)
            # Checked at once: a foreign id is refused by the statement that brings it.
            statement.parts["deferrable"] = ""  # type: ignore[assignment]  # a part is a text or renders one
        return statement
