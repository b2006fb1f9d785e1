"""Plots, key frames and the coverage chart of the report."""
