"""Probe control: force, servo, tracking, view search and the safety check; observes the patient through sensors alone.

The names below are imported on first use, so that the safety process loads no more than it needs.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_control.controller import Controller, ControlOutput
    from echopilot_control.loop.closed_loop import ClosedLoop
    from echopilot_control.observation import ControlInputs
    from echopilot_control.safety.limits import Limits
    from echopilot_control.safety.monitor import SafetyMonitor

__all__ = ["ClosedLoop", "ControlInputs", "ControlOutput", "Controller", "Limits", "SafetyMonitor"]

__getattr__ = names_on_first_use(
    __name__,
    {
        "controller": ("ControlOutput", "Controller"),
        "loop.closed_loop": ("ClosedLoop",),
        "observation": ("ControlInputs",),
        "safety.limits": ("Limits",),
        "safety.monitor": ("SafetyMonitor",),
    },
)
