"""Comparison of rendered with real B-mode images."""
