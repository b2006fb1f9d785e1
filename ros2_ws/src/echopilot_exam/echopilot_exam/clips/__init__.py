"""Clips that were recorded elsewhere, evaluated as the steps of an exam and written as its record."""
