"""The operator's page: sign-in, live picture and state, a few requests to the graph. Knows no ROS."""
