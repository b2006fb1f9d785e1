"""Phases of the controller: one class each, with its own parameters and private state."""
