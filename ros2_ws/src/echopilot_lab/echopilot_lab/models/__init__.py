"""Training, comparison and reports of models."""
