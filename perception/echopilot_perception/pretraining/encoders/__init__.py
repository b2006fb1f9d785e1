"""Encoders that can be pre-trained, by name; they need torch."""
