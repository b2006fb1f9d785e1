"""The virtual patient: anatomy, contact, arm, pictures and truth."""
