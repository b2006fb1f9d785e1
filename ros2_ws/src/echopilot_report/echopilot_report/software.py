"""Which software and model stand behind a report."""

from importlib.metadata import version

from echopilot_exam.record import RecordHeader
from echopilot_report.reading.wording import text

LIBRARIES = ("highdicom", "pydicom", "weasyprint")


def software_rows(header: RecordHeader) -> list[tuple[str, str]]:
    """Part and version, for people."""
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
