"""Perception on real images that people have labeled: figures, and a page to look at them."""
