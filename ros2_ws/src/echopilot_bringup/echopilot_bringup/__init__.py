"""Start of ROS graphs: the command `echopilot`, the demo, the benchmarks of the live graph."""
