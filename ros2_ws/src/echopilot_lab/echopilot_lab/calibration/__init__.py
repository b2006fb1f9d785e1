"""Calibration commands: probe pose on the flange and delay between streams."""
