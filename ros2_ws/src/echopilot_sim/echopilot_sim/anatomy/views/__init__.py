"""Target poses of the standard views."""
