"""Suspicions of trials against the simulator's truth: which were right, and what the second looks changed."""
