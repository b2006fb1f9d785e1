"""Which patient and study the objects of one exam belong to: identifiers that are the same whenever they are made."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from importlib.metadata import version

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from echopilot_exam.record import ExamRecord
from echopilot_exam.record.codec import plain
from echopilot_exam.record.model import RESEARCH_SENTENCE
from echopilot_report.reading.facts import PatientFacts, Sex, known

MANUFACTURER = "EchoPilot"
MODEL = "EchoPilot robotic ultrasound"
SERIAL = "research"
IMPLEMENTATION_UID = generate_uid(entropy_srcs=["EchoPilot"])
DEVICE_UID = generate_uid(entropy_srcs=["EchoPilot", "device"])
SIMULATED_BEFORE_NS = 10**18
"""Stamps before September 2001 come from a simulated clock, which starts at 0."""
SIMULATED_EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""Day given to simulated exams: nobody was examined on it."""
SERIES = {"clips": 1, "frames": 2, "masks": 3, "measurements": 4, "document": 5}


@dataclass(frozen=True)
class Study:
    """Patient and study; `key` is the SHA-256 of what the record says, from which all UIDs follow."""

    key: str
    patient_id: str
    started: datetime
    description: str
    facts: PatientFacts

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
    """The study of a record."""
    content = (record.header, record.started_ns, record.updated_ns, record.state, record.results)
    numbers = (record.measurements, record.findings, record.series)
    key = sha256(json.dumps(plain((*content, *numbers)), sort_keys=True).encode()).hexdigest()
    description = f"Robotic ultrasound, protocol {record.header.protocol}"
    return Study(key, short_text(record.header.patient_id), moment(record.started_ns), short_text(description), facts)


def moment(stamp_ns: int) -> datetime:
    """Date and time of a stamp; simulated ones count from SIMULATED_EPOCH."""
    epoch = SIMULATED_EPOCH if stamp_ns < SIMULATED_BEFORE_NS else datetime(1970, 1, 1, tzinfo=timezone.utc)
    return epoch + timedelta(microseconds=stamp_ns // 1000)


def short_text(text: str) -> str:
    """Text that fits the representation LO and, free of delimiters, PN: at most 64 characters, on one line."""
    return re.sub(r"[\\^=\x00-\x1f]+", " ", text).strip()[:64].strip()


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
    """Patient, general study and patient study modules; what is unknown stays empty."""
    facts = study.facts
    data.PatientName, data.PatientID, data.PatientBirthDate = f"{study.patient_id}^", study.patient_id, ""
    data.PatientSex = "" if facts.sex is None else {Sex.MALE: "M", Sex.FEMALE: "F"}[facts.sex]
    if facts.age_years is not None and known(facts.age_years):
        data.PatientAge = f"{int(facts.age_years):03d}Y"
    if facts.height_m is not None and known(facts.height_m):
        data.PatientSize = round(facts.height_m, 2)
    if facts.mass_kg is not None and known(facts.mass_kg):
        data.PatientWeight = round(facts.mass_kg, 1)
    data.StudyInstanceUID, data.StudyID, data.StudyDescription = study.uid_of_study, "1", study.description
    data.StudyDate, data.StudyTime = date_of(study.started), time_of(study.started)
    data.AccessionNumber = data.ReferringPhysicianName = ""


def stamp_software(data: Dataset) -> Dataset:
    """Say on any object which software made it; returns the same data set."""
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
