"""Exam protocols: their YAML reader, the dry run and the guide for operators."""
