"""Trials, evaluation, training data, benchmarks and the command line."""
