"""Named points that perception looks for, and the order in which arrays hold them."""

from enum import IntEnum


class LandmarkName(IntEnum):
    """A point in the image plane.

    The two hinges of the mitral valve (anterior: towards the outflow tract, at the septum in A4C), the endocardial
    apex, the two hinges of the aortic valve, and the ends of the outer AP calliper on the abdominal aorta.
    """

    MITRAL_ANTERIOR = 0
    MITRAL_POSTERIOR = 1
    APEX = 2
    AORTIC_VALVE_ANTERIOR = 3
    AORTIC_VALVE_POSTERIOR = 4
    AORTA_NEAR = 5
    AORTA_FAR = 6
