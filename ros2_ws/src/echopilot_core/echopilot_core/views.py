"""Standard echocardiographic and aortic views (definitions: docs/protocol.md)."""

from enum import IntEnum


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
