"""Exam records: summaries, episodes for learning, exports and recordings without ROS."""
