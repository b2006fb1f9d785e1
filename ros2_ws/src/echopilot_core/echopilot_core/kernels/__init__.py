"""Compiled numba kernels and their cache on disk."""
