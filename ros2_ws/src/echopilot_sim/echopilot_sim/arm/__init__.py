"""The simulated arm: MuJoCo dynamics, joint-velocity loop, differential IK, force sensor and command watchdog."""
