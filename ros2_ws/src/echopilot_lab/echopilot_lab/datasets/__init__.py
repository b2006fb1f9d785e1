"""Rendered training data and the exported data set."""
