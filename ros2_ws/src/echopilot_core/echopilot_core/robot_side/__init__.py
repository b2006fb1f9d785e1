"""Laws that every robot side keeps, simulated or real: which twists are followed, the hold, twists to joint speeds."""
