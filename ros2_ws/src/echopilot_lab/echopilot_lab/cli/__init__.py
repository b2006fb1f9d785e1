"""Commands of `echopilot` that need no ROS."""
