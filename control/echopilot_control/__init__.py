"""Probe control: force, servo, tracking, search and the safety check; knows the patient only through sensors."""
