"""The operator's page: sign-in, live image and state, requests to the graph. Independent of ROS."""
