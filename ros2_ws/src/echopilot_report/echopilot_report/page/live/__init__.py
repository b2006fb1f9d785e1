"""Live images and state of the operator's page."""
