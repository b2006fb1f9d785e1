"""Benchmarks of single packages, each beside a peer measured in the same run."""
