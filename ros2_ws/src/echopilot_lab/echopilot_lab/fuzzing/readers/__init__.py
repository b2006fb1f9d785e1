"""Fuzzing of every reader of files that EchoPilot itself writes or asks for."""
