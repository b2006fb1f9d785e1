"""Columns of the flat numbers `f` and of the LV table that `heart.state` makes and `beating_heart.classify` reads.

All lengths are in meters in heart axes: origin at the apex, c along the long axis towards the annulus.
"""

APEX = 0
"""Place of the apex (3) in patient, moved by the breathing."""

ROTATION = 3
"""Rows of the rotation (9) from patient into heart axes."""

ANNULUS, ROWS_PER_M, ANNULUS_DESCENT, ROOF = 12, 13, 14, 15
"""Height of the annulus, rows of the table per meter below it, its descent since end-diastole, height of the roof."""

RV_SHORTENING, MITRAL_OPENING, AORTIC_OPENING = 16, 17, 18
"""Shortening of the RV between septum and free wall, and how far the valves are open, 0 to 1."""

ROOT_BASE, ROOT_U, ROOT_V, ROOT_AXIS = 19, 22, 25, 28
"""Center of the aortic annulus (3), two directions in its plane (3 each) and the axis of the root (3)."""

ROOT_RADIUS, SINUS_RADIUS, MITRAL_RADIUS, RV_SCALE, TRICUSPID_HEIGHT, LV_RADIUS = 31, 32, 33, 34, 35, 36
"""Radii of root, sinuses and mitral ring, scale of the RV, height of the tricuspid ring, outer radius of the LV."""

BOX_LOW, SPHERE, SPHERE_RADIUS_2, BOX_HIGH = 37, 40, 43, 44
"""Lowest corner (3) of the labels, center (3) and squared radius of their sphere, highest corner (3)."""

CHORDAE_LOW, LABELS_ORIGIN, TRICUSPID_RADIUS, CHORDAE = 47, 48, 51, 56
"""Lowest point of the chordae, corner (3) of the first voxel, radius of the tricuspid ring, four chordae (6 each)."""

N_STATE = 80

REST_HEIGHT, INNER_2, OUTER_2, REST_INNER_2, REST_OUTER_2, TURN_COS, TURN_SIN, BOW = range(8)
"""Of the LV table, one row per height: height at end-diastole, squared radii now and then, turn, shift along a."""
