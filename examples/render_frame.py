"""Lower the probe onto a virtual patient until it presses with 5 N, and write the B-mode image as frame.png."""

import numpy as np
from PIL import Image

from echopilot_core import SafeTwist
from echopilot_sim import SimConfig, Simulation, sample_patient

DOWN = np.array([0.0, 0.0, -0.03, 0.0, 0.0, 0.0])  # twist in base [m/s, rad/s]

simulation = Simulation(sample_patient(seed=1), SimConfig(quality="fast"))
tick = simulation.step(None)
while tick.robot.contact_force_n < 5.0:
    tick = simulation.step(SafeTwist(simulation.now_ns, DOWN))
while not tick.acquisitions:
    tick = simulation.step(None)
frame = simulation.render(tick.acquisitions[-1])
Image.fromarray(frame.image).save("frame.png")
print(f"frame.png: {frame.image.shape} px, {1e3 * frame.geometry.depth_m:.0f} mm deep")
