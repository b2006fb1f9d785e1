"""Where views are expected, how they are looked for, and how guidance is fused."""
