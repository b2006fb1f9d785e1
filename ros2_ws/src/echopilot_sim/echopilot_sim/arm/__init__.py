"""The simulated arm: MuJoCo dynamics, joint-velocity loop, differential IK, sensor and robot-side guard."""
