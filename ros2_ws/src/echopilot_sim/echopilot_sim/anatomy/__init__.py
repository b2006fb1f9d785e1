"""Anatomy of a virtual patient: parameters from a seed, skin, organs, moving heart and vessels, standard views."""
