"""Run the shipped perception model on a clip: `python perceive_clip.py CLIP` (DICOM, MetaImage, video or image)."""

import sys
from pathlib import Path

from echopilot_perception import Perception, open_clip

perception = Perception()
for frame in open_clip(Path(sys.argv[1])).frames():
    result = perception.see(frame)
    print(f"{1e-9 * frame.stamp_ns:6.2f} s: {result.view.name}, quality {result.quality:.2f}")
    for m in result.measurements:
        print(f"    {m.name} {m.value:.3g} +- {m.sigma:.1g} {m.unit}")
perception.close()
