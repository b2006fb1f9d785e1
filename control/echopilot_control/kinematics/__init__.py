"""Serial-chain kinematics from a URDF: joint axes, joint limits, manipulability."""
