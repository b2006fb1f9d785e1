"""The beating heart: shape at end-diastole, motion, valves and rhythm."""
