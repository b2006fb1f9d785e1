"""ROS 2 nodes of the virtual patient: the simulator and the scorer, the only nodes with ground truth."""
