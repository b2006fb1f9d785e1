"""Every ROS 2 node of EchoPilot: thin wrappers around the cores, and the only importers of rclpy."""
