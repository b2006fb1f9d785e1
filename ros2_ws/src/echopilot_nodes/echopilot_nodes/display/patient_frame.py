"""Static transforms: the image at the probe, and the patient on the table."""

from echopilot_control.body_axes import body_axes
from echopilot_core import Array, BodyLandmarks, EchoPilotError, se3

AT_PROBE = ("probe", "us_image", se3.T_PROBE_US_IMAGE)


def static_transforms(landmarks: BodyLandmarks | None) -> list[tuple[str, str, Array]]:
    """(parent, child, T_parent_child (4, 4) [m]): `us_image` at the probe, and `patient` in `base` where it is known.

    `patient` has LPS axes and its origin at the pointed xiphoid. Landmarks that are not those of a body give none.
    """
    if landmarks is None:
        return [AT_PROBE]
    try:
        axes = body_axes(landmarks)
    except EchoPilotError:
        return [AT_PROBE]
    return [AT_PROBE, ("base", "patient", se3.transform(axes.R_base_patient, axes.xiphoid_m))]
