"""Readers of clips, one module or folder for each family of files; `reading` chooses among them."""
