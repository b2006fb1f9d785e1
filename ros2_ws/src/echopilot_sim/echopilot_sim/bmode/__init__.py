"""Synthetic B-mode: a label function and a frozen moment become an ultrasound frame.

Names are imported on first use, so that truth can take the sector's geometry without loading the renderer.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from echopilot_sim.bmode.appearance import Appearance, patient_appearance, random_appearance
    from echopilot_sim.bmode.contact import element_coupling, free_points
    from echopilot_sim.bmode.probes import PRESETS, ProbePreset
    from echopilot_sim.bmode.renderer import Rendered, Renderer
    from echopilot_sim.bmode.sampling import LabelSource

_HOME = {
    "PRESETS": "probes",
    "Appearance": "appearance",
    "LabelSource": "sampling",
    "ProbePreset": "probes",
    "Rendered": "renderer",
    "Renderer": "renderer",
    "element_coupling": "contact",
    "free_points": "contact",
    "patient_appearance": "appearance",
    "random_appearance": "appearance",
}

__all__ = [
    "PRESETS",
    "Appearance",
    "LabelSource",
    "ProbePreset",
    "Rendered",
    "Renderer",
    "element_coupling",
    "free_points",
    "patient_appearance",
    "random_appearance",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
