"""Witnesses of the force sensor: the joints' torques, the seen skin, and the sensor's own behavior."""
