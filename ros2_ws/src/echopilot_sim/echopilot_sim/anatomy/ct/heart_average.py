"""The heart of a middle-sized adult: what neither chamber labels nor annulus and sinotubular junction tell."""

import numpy as np

from echopilot_sim.anatomy.parameters import Heart

ROTATION = np.array([[-0.754, -0.319, -0.573], [-0.369, -0.516, 0.773], [-0.543, 0.795, 0.271]])
"""Usual columns (towards RV, towards outflow tract, apex to base) in patient: the mean of drawn hearts."""

AVERAGE = Heart(
    apex_m=np.zeros(3),
    rotation=np.eye(3),
    edv_m3=110e-6,  # 57 mL/m2 at a body surface of 1.9 m2, as drawn patients have
    ejection_fraction=0.60,
    length_m=0.0750,
    wall_m=0.0090,
    rv_scale=1.0,
    atrium_scale=1.0,
    root_radius_m=0.0120,
    sinus_radius_m=0.0165,
    ascending_radius_m=0.0150,
    effusion_m=0.0,
    twist_rad=0.19,
)
