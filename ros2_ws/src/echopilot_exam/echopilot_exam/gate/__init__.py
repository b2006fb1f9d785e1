"""Acceptance gate: the criteria that a frame and a view must meet before their measurements are reported."""
