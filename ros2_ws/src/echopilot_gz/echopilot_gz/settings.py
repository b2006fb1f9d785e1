"""Settings of the patient system in a world file: which patient, and on which links it acts."""

from dataclasses import dataclass
from typing import Protocol

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.parameters import Patient
from echopilot_sim.anatomy.sampling.named_patients import NAMES, named_patient
from echopilot_sim.anatomy.sampling.patient import sample_patient


class Element(Protocol):
    """The part of sdformat's Element that is read here."""

    def has_element(self, name: str) -> bool:
        """Whether a child of that name exists."""
        ...

    def get_string(self, key: str) -> str:
        """Text of the child of that name."""
        ...


@dataclass(frozen=True)
class PatientSettings:
    """Children of the `<plugin>` element; the links may be those of any robot that carries the probe."""

    patient: str = "normal"  # one of the names, or a seed
    robot: str = "echopilot_arm"  # name of the model
    base_link: str = "base"  # the patient lies where `T_base_patient` says
    probe_link: str = "probe"  # origin in the center of the face, z into the patient, x along the array
    breathing: str = "true"
    topics: str = "sim/truth"  # prefix of the topics of the truth, empty for none


def read_settings(element: Element) -> PatientSettings:
    """Settings out of a `<plugin>` element; what it lacks is as by default."""
    names = PatientSettings.__dataclass_fields__
    found = {name: element.get_string(name).strip() for name in names if element.has_element(name)}
    settings = PatientSettings(**found)
    if settings.breathing not in ("true", "false"):
        raise EchoPilotError(f"breathing is '{settings.breathing}' in the world file; choose true or false")
    return settings


def patient_of(text: str) -> Patient:
    """The patient of a name or of a seed; EchoPilotError, listing the names, for any other text."""
    if text in NAMES:
        return named_patient(text)
    if text.isascii() and text.isdigit() and len(text) < 10:
        return sample_patient(int(text))
    raise EchoPilotError(f"no patient is called '{text[:40]}'; choose a seed or one of {', '.join(NAMES)}")
