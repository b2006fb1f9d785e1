"""Vessels as tubes: aorta, cava, liver and mesenteric vessels."""
