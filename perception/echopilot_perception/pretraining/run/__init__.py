"""The pre-training run; needs torch."""
