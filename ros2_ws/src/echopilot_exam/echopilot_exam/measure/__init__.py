"""Measurements of an exam step, computed from many accepted frames."""
