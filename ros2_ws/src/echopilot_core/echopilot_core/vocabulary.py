"""Standard views, segmentation classes, findings, the heads of a perception model, and the base exceptions."""

from enum import Enum, IntEnum


class EchoPilotError(Exception):
    """Bad input or a missing resource; the command line prints the message and exits with `exit_code`."""

    exit_code = 2


class WriteError(EchoPilotError):
    """A disk that is full or fails; the command line prints the message and exits with 1."""

    exit_code = 1


class View(IntEnum):
    """Standard views; the integer is what travels in messages and model outputs."""

    NONE = 0
    PLAX = 1
    PSAX_AV = 2
    PSAX_MV = 3
    PSAX_PM = 4
    A4C = 5
    A5C = 6
    A2C = 7
    A3C = 8
    SC4C = 9
    SC_IVC = 10
    AORTA_TRANS = 11
    AORTA_LONG = 12


class SegmentationClass(IntEnum):
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


class HeadName(Enum):
    """One part of a perception result that a model may lack; the value is the word in files."""

    SEGMENTATION = "segmentation"  # label map and extents of the classes
    VIEW = "view"
    QUALITY = "quality"
    COUPLING = "coupling"
    OOD = "ood"  # out-of-distribution score
    GUIDANCE = "guidance"
    LANDMARKS = "landmarks"
    SIZES = "sizes"  # measurements that the network reads without a mask
    BOXES = "boxes"
    ENHANCEMENT = "enhancement"
    FINDINGS = "findings"


ALL_HEADS = frozenset(HeadName)
