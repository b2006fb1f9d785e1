"""Facts about the patient, and the software and model that made a report, as text."""

from datetime import datetime, timedelta
from importlib.metadata import version

from echopilot_exam.record import ExamRecord, RecordHeader
from echopilot_report.content.clip_sentences import of_clips
from echopilot_report.grading.facts import PatientFacts, Sex, known
from echopilot_report.grading.wording import text

LIBRARIES = ("highdicom", "pydicom", "weasyprint")


def facts_text(facts: PatientFacts) -> str:
    """Sex, age, height and mass, or that they are unknown."""
    parts = []
    if facts.sex is not None:
        parts.append(text("patient", {Sex.MALE: "male", Sex.FEMALE: "female"}[facts.sex]))
    if facts.age_years is not None and known(facts.age_years):
        parts.append(text("patient", "age", years=f"{facts.age_years:.0f}"))
    if facts.height_m is not None and known(facts.height_m):
        parts.append(text("patient", "height", cm=f"{100 * facts.height_m:.0f}"))
    if facts.mass_kg is not None and known(facts.mass_kg):
        parts.append(text("patient", "mass", kg=f"{facts.mass_kg:.0f}"))
    return ", ".join(parts) or text("patient", "unknown")


def date_text(started: datetime | None, zoned: bool = True) -> str:
    """Real date and time of the start, in UTC where its zone is known (`zoned`), or that it was not recorded."""
    if started is None:
        return text("page", "no_date")
    return f"{started:%Y-%m-%d %H:%M}{' UTC' if zoned else ''}"


def has_zone(record: ExamRecord) -> bool:
    """Whether the zone of the start is known: clips give a date without one."""
    told = record.header.started_utc
    return not of_clips(record) or told.endswith("+00:00")


def clock_text(record: ExamRecord, simulated: bool) -> str:
    """Readings of the exam's own clock at its start and end, and what clock it was."""
    if of_clips(record):
        return text("clips", "clock", seconds=f"{(record.updated_ns - record.started_ns) * 1e-9:.0f}")
    begin, end = (str(timedelta(seconds=round(ns * 1e-9))) for ns in (record.started_ns, record.updated_ns))
    return text("page", "simulated", begin=begin, end=end) if simulated else text("page", "real_time")


def software_rows(header: RecordHeader) -> list[tuple[str, str]]:
    """Component and version."""
    unknown = text("software", "unknown")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        (text("software", "report"), f"echopilot {version('echopilot')} ({libraries})"),
        (text("software", "code"), header.code_version or unknown),
        (text("software", "model"), header.model_id or unknown),
        (text("software", "model_hash"), header.model_sha256 or unknown),
        (text("software", "protocol_hash"), header.protocol_sha256 or unknown),
        (text("software", "config_hash"), header.config_sha256 or unknown),
    ]
