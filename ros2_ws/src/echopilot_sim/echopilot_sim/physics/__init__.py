"""The patient as a mechanical body: breathing, placement, skin, contact and coupling gel."""
