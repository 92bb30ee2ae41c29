"""How files are understood, as pure functions: cells, columns, rows, and the mapping of a known file. No Django."""
