"""Target pose of the subcostal view of the inferior vena cava (ASE 2019): the cava lengthwise, up to the heart."""

import numpy as np

from echopilot_core import Array, se3
from echopilot_sim.anatomy.torso.skin import Skin
from echopilot_sim.anatomy.vessels.tube import TubeKind
from echopilot_sim.anatomy.vessels.vessels import Vessels
from echopilot_sim.frame_state import Phases

ENTRY_Z_M = -0.030  # below the xiphoid
BELOW_MOUTH_M = 0.030  # the beam meets the cava this far from its upper end
_RISE_M = 0.050


def target(skin: Skin, vessels: Vessels, phases: Phases) -> Array | None:
    """Pose `T_patient_target` (4, 4), marker to the head; None for a patient without a cava near the heart."""
    cavae = [tube for tube in vessels.tubes if tube.kind is TubeKind.CAVA and len(tube.centre_m) > 2]
    if not cavae:
        return None
    line = max(cavae, key=lambda tube: float(np.ptp(tube.centre_m[:, 2]))).centre_m
    line = line[np.argsort(line[:, 2])]
    mouth_z = float(line[-1, 2])

    def at(z: float) -> Array:
        return np.array([np.interp(z, line[:, 2], line[:, k]) for k in range(3)])

    aim = at(mouth_z - BELOW_MOUTH_M)
    if mouth_z < ENTRY_Z_M or line[0, 2] > mouth_z - _RISE_M:
        return None
    course = at(mouth_z) - at(mouth_z - _RISE_M)
    entry = skin.point(np.array([0.5 * aim[0]]), np.array([ENTRY_Z_M]), phases.breathing)[0]
    return se3.transform(se3.look_along(aim - entry, course), entry)
