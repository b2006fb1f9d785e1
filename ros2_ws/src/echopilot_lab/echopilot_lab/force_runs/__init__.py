"""Runs of the force loop without images: benchmarks and the fault campaign."""
