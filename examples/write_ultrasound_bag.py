"""Write the example bag of docs/ultrasound_msgs.md: `python write_ultrasound_bag.py ultrasound_msgs.mcap`.

One beat of an apical four-chamber view of the virtual patient `normal`, at 15 Hz, with the pose of the probe: what a
driver of a scanner has to publish, and all that is needed to place every pixel in space.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rclpy.qos import QoSProfile

import echopilot_wire as wire
from echopilot_core.se3 import R_PROBE_US_IMAGE, transform
from echopilot_exam.record.recording import Recording
from echopilot_lab.patients.reference_views import FRAME_HZ, cine_frame_states
from echopilot_nodes.graph.qos import LATCHED
from echopilot_nodes.recorder import offered
from echopilot_sim.anatomy import build, named_patient
from echopilot_sim.bmode import Renderer

FRAME, TF, TF_STATIC = "/probe/frame", "/tf", "/tf_static"
TRANSFORMS = "tf2_msgs/msg/TFMessage"
TYPES = {FRAME: "ultrasound_msgs/msg/UltrasoundFrame", TF: TRANSFORMS, TF_STATIC: TRANSFORMS}
START_NS = 1_000_000_000
STEP = 2  # of the 30 Hz of the clip
PROFILES = {FRAME: QoSProfile(depth=5), TF: QoSProfile(depth=100), TF_STATIC: LATCHED}


def write(path: Path) -> None:
    """Render and record; EchoPilotError where the file is there already."""
    anatomy = build(named_patient("normal"))
    beat_s = 1.0 / anatomy.patient.heart_rate_hz
    states = [state for k, state in enumerate(cine_frame_states(anatomy)[1]) if k / FRAME_HZ < beat_s]
    renderer = Renderer(anatomy, "fast")
    bag = Recording(path, {}, {})
    channels = {t: bag.channel(t, kind, wire.definition(kind), offered(PROFILES[t])) for t, kind in TYPES.items()}
    plane = ("probe", "us_image", transform(R_PROBE_US_IMAGE, np.zeros(3)))
    bag.write(channels[TF_STATIC], START_NS, wire.encode(wire.to_transforms(START_NS, [plane])))
    for sequence, state in enumerate(states[::STEP]):
        stamp_ns = START_NS + state.stamp_ns
        pose = ("patient", "probe", state.T_patient_probe)
        frame = replace(renderer.render(state), stamp_ns=stamp_ns, sequence=sequence)
        bag.write(channels[TF], stamp_ns, wire.encode(wire.to_transforms(stamp_ns, [pose])))
        bag.write(channels[FRAME], stamp_ns, wire.encode(wire.to_frame(frame)))
    bag.close()
    print(f"{path}: {sequence + 1} frames, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
