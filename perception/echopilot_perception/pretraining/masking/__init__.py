"""Patches inside the sector and the choice of those that are masked; needs torch."""
