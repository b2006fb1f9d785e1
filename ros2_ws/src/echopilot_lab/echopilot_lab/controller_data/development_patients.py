"""Seeds and body axes of the virtual patients on which the controller is developed."""

from echopilot_control.body_axes import BodyAxes, body_axes
from echopilot_control.sagittal_plane import aligned_to_sagittal_plane
from echopilot_control.surface import SkinSurface
from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.depth_camera import Body
from echopilot_sim.frame_state import Phases

FIRST_REPORTED_SEED = 600_000
REST = Phases(0.0, 0.5)


def development_seeds(first: int, patients: int) -> range:
    """Seeds of `patients` virtual patients.

    Raises:
        EchoPilotError: A seed lies outside the training and validation ranges (0 to 599999).
    """
    if first < 0 or first + patients > FIRST_REPORTED_SEED:
        raise EchoPilotError(
            f"seeds {first} to {first + patients - 1} are not for development; "
            f"choose training or validation patients, 0 to {FIRST_REPORTED_SEED - 1}"
        )
    return range(first, first + patients)


def pointed_axes(patient: Patient) -> BodyAxes:
    """Body axes as the controller has them: from pointed landmarks and the skin, on the sagittal plane."""
    body = Body(patient)
    landmarks = body.landmarks(0, REST.breathing)
    skin = SkinSurface(body.surface(0, patient.T_base_patient, REST.breathing))
    return aligned_to_sagittal_plane(body_axes(landmarks), landmarks, skin)
