"""Applications by which encoders are compared: what is learned, from which labels, and what counts as good.

Importing the package does not need torch; `learn`, `layers` and `encoded` do.
"""
