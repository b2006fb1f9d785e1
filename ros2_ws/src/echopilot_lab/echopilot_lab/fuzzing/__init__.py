"""Fuzzing of perception with damaged files and extreme frames."""
