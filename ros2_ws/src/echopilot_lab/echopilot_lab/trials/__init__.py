"""Exams on many virtual patients in one process, scored against the simulator's truth."""
