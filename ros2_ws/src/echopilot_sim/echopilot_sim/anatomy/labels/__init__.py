"""Materials of the body: the lookup from a point to its material, and the label volume."""
