"""What an import refuses as a whole; what is wrong with a single row is told with the row."""

from __future__ import annotations

from lotkeeper.core.errors import Refusal


class FileNotReadable(Refusal):
    """The file is no table, or is damaged."""

    code = "file_not_readable"
    title = "The file cannot be read"
    sentence = "{name} cannot be read as a table: {why}."


class ColumnsMissing(Refusal):
    """The header lacks a column that every row needs, or names one twice."""

    code = "columns_missing"
    title = "The header does not fit"
    sentence = "The header does not fit. {why} It says: {header}."


class RowsRefused(Refusal):
    """Some rows cannot be used, and nobody said to leave them out."""

    code = "rows_refused"
    title = "Some rows cannot be used"
    sentence = "{count} rows cannot be used; correct them, or leave them out with --skip-errors. Nothing was written."
