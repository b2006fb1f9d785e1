"""The part of the robot-side contract that drivers lack: force without the tool, clock, limits, compliant hold."""
