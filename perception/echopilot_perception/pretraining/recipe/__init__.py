"""Recipes of pre-training as YAML, and what holds at a step."""
