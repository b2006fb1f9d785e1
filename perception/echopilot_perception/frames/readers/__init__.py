"""Readers of clips, one module for each family of files; `kinds` chooses among them."""
