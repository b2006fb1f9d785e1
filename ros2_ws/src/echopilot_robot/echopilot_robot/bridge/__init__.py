"""What a driver of an arm lacks of the robot-side contract: force without the tool, clock, limits, compliant hold."""
