"""ROS 2 nodes of a robot PC: thin wrappers around the packages that need no ROS."""
