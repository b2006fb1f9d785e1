"""OpenIGTLink connections: a scanner that we read, and a server that others read."""
