"""Servoing: motion requests, velocity tracking, and their combination with the force loop into a twist."""
