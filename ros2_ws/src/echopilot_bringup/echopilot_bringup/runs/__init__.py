"""Runs of a graph: their folder, and the report and scores that follow an exam."""
