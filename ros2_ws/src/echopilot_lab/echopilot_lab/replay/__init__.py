"""Perception run again on a clip or on a recording."""
