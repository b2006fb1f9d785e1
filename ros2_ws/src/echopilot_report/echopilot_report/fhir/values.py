"""Required value sets of FHIR as enums; `fhir.resources` accepts any string in their place."""

from enum import Enum


class ReportStatus(Enum):
    """DiagnosticReport.status, restricted to what software alone may set."""

    PARTIAL = "partial"
    PRELIMINARY = "preliminary"


class ObservationStatus(Enum):
    """Observation.status, restricted to what software alone may set."""

    PRELIMINARY = "preliminary"


class StudyStatus(Enum):
    """ImagingStudy.status."""

    AVAILABLE = "available"


class BundleType(Enum):
    """Bundle.type: resources that travel together, without a transaction."""

    COLLECTION = "collection"


class DeviceNameType(Enum):
    """Device.deviceName.type."""

    MODEL_NAME = "model-name"


class Gender(Enum):
    """Patient.gender."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


def checked(kind: type[Enum], value: object) -> str:
    """The code of a member; raises ValueError on anything else."""
    return str(kind(value).value)
