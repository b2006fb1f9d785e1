"""Parallel work, atomic output, source hashes and charts, shared by all commands."""
