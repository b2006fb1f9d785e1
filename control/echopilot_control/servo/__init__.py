"""Motions across the probe axis and how they are blended with force."""
