"""Rasters that nodes share, in control ticks."""

EXAM_TICKS = 5
"""The exam ticks on every fifth control tick; its goals and imaging changes act on the same raster."""

SURFACE_TICKS = 20
"""The depth camera looks at every twentieth control tick."""
