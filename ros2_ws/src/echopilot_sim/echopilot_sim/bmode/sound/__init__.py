"""Propagation of sound: acoustic properties, attenuation, boundaries, scatter and coupling."""
