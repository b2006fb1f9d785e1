"""Patient and study of one exam, with reproducible identifiers."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from importlib.metadata import version

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from echopilot_exam.record import ExamRecord
from echopilot_exam.record.codec import plain
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_exam.record.patient_id import LONGEST, check_patient_id
from echopilot_report.content.clip_sentences import of_clips
from echopilot_report.dicom.fields import decimal_string, fits
from echopilot_report.grading.facts import PatientFacts, Sex, known
from echopilot_report.grading.wording import text

MANUFACTURER = "EchoPilot"
MODEL = "EchoPilot robotic ultrasound"
SERIAL = "research"
IMPLEMENTATION_UID = generate_uid(entropy_srcs=["EchoPilot"])
DEVICE_UID = generate_uid(entropy_srcs=["EchoPilot", "device"])
SIMULATED_BEFORE_NS = 10**18
"""Stamps before September 2001 come from a simulated clock, which starts at 0."""
SIMULATED_EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""Date of simulated exams."""
SERIES = {"clips": 1, "frames": 2, "masks": 3, "measurements": 4, "document": 5}


@dataclass(frozen=True)
class Study:
    """Patient and study; `key` is the SHA-256 of the record's content, from which all UIDs are derived.

    `derived`: the images are copies of clips that were recorded elsewhere.
    `started` is the real date and time where the record holds it; the exam's clock stood at `started_ns` then.
    """

    key: str
    patient_id: str
    started: datetime
    description: str
    facts: PatientFacts
    started_ns: int = 0
    operator: str = ""
    device: str = ""
    derived: bool = False

    def moment(self, stamp_ns: int) -> datetime:
        """Date and time of a stamp of the exam's clock."""
        return self.started + timedelta(microseconds=(stamp_ns - self.started_ns) // 1000)

    def uid(self, *parts: str) -> str:
        """The UID of a part of this study; the same parts give the same UID."""
        return str(generate_uid(entropy_srcs=[self.key, *parts]))

    @property
    def uid_of_study(self) -> str:
        """StudyInstanceUID."""
        return self.uid("study")

    def series_uid(self, series: str) -> str:
        """SeriesInstanceUID of one of SERIES."""
        return self.uid("series", series)


def study_of(record: ExamRecord, facts: PatientFacts) -> Study:
    """The study of a record. Raises EchoPilotError where a field of the objects could not hold its patient id."""
    content = (record.header, record.started_ns, record.updated_ns, record.state, record.results)
    numbers: tuple[object, ...] = (record.measurements, record.findings, record.series)
    if record.suspicions:  # reports of records without them keep their identifiers
        numbers = (*numbers, record.suspicions)
    key = sha256(json.dumps(plain((*content, *numbers)), sort_keys=True).encode()).hexdigest()
    header = record.header
    return Study(
        key,
        check_patient_id(header.patient_id),
        started_at(record) or moment(record.started_ns),
        _description(record),
        facts,
        record.started_ns,
        header.operator,
        header.device,
        of_clips(record),
    )


def _description(record: ExamRecord) -> str:
    """StudyDescription: the protocol, or that the images come from clips."""
    if of_clips(record):
        return text("clips", "study")
    return fits("LO", f"Robotic ultrasound, protocol {record.header.protocol}") or "Robotic ultrasound"


def started_at(record: ExamRecord) -> datetime | None:
    """Real date and time of the start; None where the record holds neither it nor a clock of real time."""
    try:
        told = datetime.fromisoformat(record.header.started_utc)
        return told if told.tzinfo is not None else told.replace(tzinfo=timezone.utc)
    except ValueError:
        return moment(record.started_ns) if record.started_ns >= SIMULATED_BEFORE_NS else None


def moment(stamp_ns: int) -> datetime:
    """Date and time of a stamp; simulated ones count from SIMULATED_EPOCH."""
    epoch = SIMULATED_EPOCH if stamp_ns < SIMULATED_BEFORE_NS else datetime(1970, 1, 1, tzinfo=timezone.utc)
    return epoch + timedelta(microseconds=stamp_ns // 1000)


def software_version() -> str:
    """Version of this package."""
    return version("echopilot")


def blank_object(study: Study, sop_class: str, sop_uid: str, series: str, modality: str, number: int) -> Dataset:
    """A data set with patient, study, series, equipment and SOP common modules, ready for `save_as`."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = sop_uid
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = sop_class, sop_uid
    add_patient_and_study(data, study)
    data.Modality = modality
    data.SeriesInstanceUID, data.SeriesNumber = study.series_uid(series), SERIES[series]
    data.InstanceNumber = number
    return stamp_software(data)


def add_patient_and_study(data: Dataset, study: Study) -> None:
    """Patient, general study and patient study modules; unknown values stay empty."""
    facts = study.facts
    name = study.patient_id
    data.PatientName = name if "^" in name or len(name) == LONGEST else f"{name}^"
    data.PatientID, data.PatientBirthDate = name, ""
    data.PatientSex = "" if facts.sex is None else {Sex.MALE: "M", Sex.FEMALE: "F"}[facts.sex]
    if facts.age_years is not None and known(facts.age_years):
        data.PatientAge = age_string(facts.age_years)
    if facts.height_m is not None and known(facts.height_m):
        data.PatientSize = decimal_string(facts.height_m, 3)
    if facts.mass_kg is not None and known(facts.mass_kg):
        data.PatientWeight = decimal_string(facts.mass_kg, 3)
    data.StudyInstanceUID, data.StudyID, data.StudyDescription = study.uid_of_study, "1", study.description
    data.StudyDate, data.StudyTime = date_of(study.started), time_of(study.started)
    data.AccessionNumber = data.ReferringPhysicianName = ""
    data.OperatorsName = fits("PN", study.operator)


def age_string(years: float) -> str:
    """DICOM age: completed years, or below two years completed months."""
    return f"{int(years):03d}Y" if years >= 2.0 else f"{int(12.0 * years + 1e-9):03d}M"


def stamp_software(data: Dataset) -> Dataset:
    """Write the software version into an object; returns the same data set."""
    data.Manufacturer, data.ManufacturerModelName, data.DeviceSerialNumber = MANUFACTURER, MODEL, SERIAL
    data.SoftwareVersions = software_version()
    data.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    data.file_meta.ImplementationVersionName = "ECHOPILOT"
    return data


def date_of(when: datetime) -> str:
    """DICOM date."""
    return when.strftime("%Y%m%d")


def time_of(when: datetime) -> str:
    """DICOM time with microseconds."""
    return when.strftime("%H%M%S.%f")


NOTICE = RESEARCH_SENTENCE
