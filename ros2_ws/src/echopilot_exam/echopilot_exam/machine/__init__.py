"""Exam state machine: states, deadlines, goals for the controller, operator requests and results."""
