"""Segmentation classes and reportable findings."""

from enum import IntEnum


class Tissue(IntEnum):
    """Segmentation class of a pixel; 0 is background."""

    BACKGROUND = 0
    LV = 1
    LV_MYO = 2
    LA = 3
    RV = 4
    RA = 5
    AO_ROOT = 6
    AO_LUMEN = 7
    AO_WALL = 8  # wall together with thrombus
    IVC = 9
    VERTEBRA = 10
    SHADOW = 11
    LIVER = 12
    EFFUSION = 13


class FindingKind(IntEnum):
    """What the software may raise for review; never a diagnosis."""

    ANEURYSM_ABDOMINAL = 1
    DILATED_ROOT = 2
    THROMBUS = 3
    DISSECTION_FLAP = 4
    EFFUSION = 5
    REDUCED_EF = 6
    FORESHORTENED = 7
    NO_CONTACT = 8
    WRONG_ORGAN = 9
