"""The graph of hardware, run and measured over a driver in wall time."""
