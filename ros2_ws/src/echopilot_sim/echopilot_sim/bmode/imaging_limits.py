"""Limits of the simulated scanner's settings."""

from echopilot_core import EchoPilotError, ScannerSettings
from echopilot_sim.bmode.probes import preset as find_preset

TGC_SLIDERS = 8


def check_imaging(settings: ScannerSettings) -> None:
    """Raise EchoPilotError, naming the field and the valid choices, for settings that no scanner has."""
    s = settings
    find_preset(s.preset)
    if not 0.02 <= s.depth_m <= 0.30:
        raise EchoPilotError(f"imaging depth {s.depth_m} m is impossible; choose 0.02 to 0.30 m")
    if not 0.0 < s.focus_m <= s.depth_m:
        raise EchoPilotError(
            f"focus {s.focus_m} m is impossible; choose more than 0 and at most the depth of {s.depth_m} m"
        )
    if not -40.0 <= s.gain_db <= 40.0:
        raise EchoPilotError(f"gain {s.gain_db} dB is impossible; choose -40 to 40 dB")
    if not 30.0 <= s.dynamic_range_db <= 100.0:
        raise EchoPilotError(f"dynamic range {s.dynamic_range_db} dB is impossible; choose 30 to 100 dB")
    if len(s.tgc_db) != TGC_SLIDERS or not all(-20.0 <= gain <= 20.0 for gain in s.tgc_db):
        raise EchoPilotError(f"tgc {s.tgc_db} dB is impossible; choose {TGC_SLIDERS} gains of -20 to 20 dB")
    if s.compounding not in range(1, 10):
        raise EchoPilotError(f"compounding {s.compounding} is impossible; choose 1 to 9 angles")
    if not 0.0 <= s.persistence <= 0.9:
        raise EchoPilotError(f"persistence {s.persistence} is impossible; choose 0 to 0.9")
