"""Diagnostics of the nodes: rates and refusals of every topic, the health of each node, logs that do not repeat."""
