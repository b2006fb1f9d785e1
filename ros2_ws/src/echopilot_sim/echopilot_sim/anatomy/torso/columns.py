"""Columns of the flat torso parameters `p` that `skin.pack` makes and the kernels read; fields of `Torso`, SI units."""

HALF_WIDTH_CHEST = 0
HALF_WIDTH_ABDOMEN = 1
CHEST_SLOPE = 2
BELLY = 3
BACK_Y = 4
BREATHING_CHEST = 5
BREATHING_ABDOMEN = 6
STIFFNESS_ABDOMEN = 7
STIFFNESS_CHEST = 8
STIFFNESS_RIB = 9
RIB_SPACING = 10
RIB_HALF_WIDTH = 11
RIB_PHASE = 12
STERNUM_HALF_WIDTH = 13
NOTCH_Z = 14
FAT_CHEST = 15
FAT_ABDOMEN = 16
MUSCLE = 17
CARTILAGE_SLOPE = 18

APEX_BEAT = 19
"""Height of the lift over the apex, its place (3) and the skin's normal there (3); zeros without a heart."""

RELIEF = 26
"""Header of the relief (7): rows, columns, lowest z, step in z, and what `skin.relief_measure` needs."""

COEFFICIENTS = 33
"""B-spline coefficients of the relief, then its table."""
