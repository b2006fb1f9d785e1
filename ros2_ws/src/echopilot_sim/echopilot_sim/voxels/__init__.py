"""Voxel bodies: anatomy as arrays that need no numba."""
