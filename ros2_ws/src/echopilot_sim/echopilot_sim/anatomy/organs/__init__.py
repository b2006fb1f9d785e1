"""Solid organs, bowel and the contents of the chest."""
