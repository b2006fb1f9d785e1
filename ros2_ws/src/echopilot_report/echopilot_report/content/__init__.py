"""Content of the report without markup: rows, numbers and their sources."""
