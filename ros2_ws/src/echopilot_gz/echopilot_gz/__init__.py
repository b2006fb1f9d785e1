"""The virtual patient in Gazebo Harmonic: `patient_system` is what Gazebo's PythonSystemLoader loads."""
