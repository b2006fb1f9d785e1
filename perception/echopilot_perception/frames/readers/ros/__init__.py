"""ROS 2 bags and MCAP files with images."""
