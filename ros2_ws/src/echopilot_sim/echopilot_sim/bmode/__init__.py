"""Synthetic B-mode: from a label function and a `FrameState` to an ultrasound frame.

Names are imported on first use, so that truth can take the sector's geometry without loading the renderer.
"""

from typing import TYPE_CHECKING

from echopilot_core.lazy import names_on_first_use

if TYPE_CHECKING:
    from echopilot_sim.bmode.appearance import Appearance, patient_appearance, random_appearance
    from echopilot_sim.bmode.probes import PRESETS, ProbePreset
    from echopilot_sim.bmode.renderer import Rendered, Renderer
    from echopilot_sim.bmode.sound.contact import element_coupling, free_points
    from echopilot_sim.bmode.sound.sampling import LabelSource

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

__getattr__ = names_on_first_use(
    __name__,
    {
        "appearance": ("Appearance", "patient_appearance", "random_appearance"),
        "probes": ("PRESETS", "ProbePreset"),
        "renderer": ("Rendered", "Renderer"),
        "sound.contact": ("element_coupling", "free_points"),
        "sound.sampling": ("LabelSource",),
    },
)
