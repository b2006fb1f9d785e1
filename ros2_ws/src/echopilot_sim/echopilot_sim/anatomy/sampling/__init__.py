"""Virtual patients sampled from a seed, and named patients."""
