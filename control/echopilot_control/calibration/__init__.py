"""Calibration: image to flange from an N-wire phantom, delay between streams, dated and hashed results."""

from echopilot_control.calibration.delay import Signal, TimeOffset, time_offset
from echopilot_control.calibration.phantom import NWirePhantom
from echopilot_control.calibration.probe import ProbeCalibration, calibrate_probe
from echopilot_control.calibration.record import CalibrationRecord, check_record, read_record, write_record
from echopilot_control.calibration.refine import ImagePlane

__all__ = [
    "CalibrationRecord",
    "ImagePlane",
    "NWirePhantom",
    "ProbeCalibration",
    "Signal",
    "TimeOffset",
    "calibrate_probe",
    "check_record",
    "read_record",
    "time_offset",
    "write_record",
]
