"""Size of the face of our phased probe, shared by contact, pictures and coupling."""

FACE_WIDTH_M = 0.022  # along probe x
FACE_HEIGHT_M = 0.014  # along probe y (elevation)
