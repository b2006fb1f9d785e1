"""Losses of pre-training, one published method a file; all need torch."""
