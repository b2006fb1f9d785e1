"""Drivers of arms that speak ROS, and what the robot bridge publishes."""
