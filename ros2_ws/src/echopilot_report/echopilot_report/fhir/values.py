"""Value sets that FHIR requires, as enums: `fhir.resources` accepts any word in their place."""

from enum import Enum


class ReportStatus(Enum):
    """DiagnosticReport.status, as far as software alone may go."""

    PARTIAL = "partial"
    PRELIMINARY = "preliminary"


class ObservationStatus(Enum):
    """Observation.status, as far as software alone may go."""

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
    """The word of a member; raises ValueError on anything else."""
    return str(kind(value).value)
