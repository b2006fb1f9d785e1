"""Search for views: priors, spiral, fusion of guidance, rounds of a dither pattern, and the model of view poses."""
