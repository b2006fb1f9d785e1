"""Force along the probe axis, commanded as a velocity."""
