"""Synthetic B-mode: a label function and a frozen moment become an ultrasound frame."""

from echopilot_sim.bmode.appearance import Appearance, patient_appearance, random_appearance
from echopilot_sim.bmode.contact import element_coupling, free_points
from echopilot_sim.bmode.probes import PRESETS, ProbePreset
from echopilot_sim.bmode.renderer import LabelSource, Rendered, Renderer
from echopilot_sim.bmode.warm_up import warm_up

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
    "warm_up",
]
