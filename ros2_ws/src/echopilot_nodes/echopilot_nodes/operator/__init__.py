"""Operator tools: the console, requests to a running exam and the page's link to the graph."""
