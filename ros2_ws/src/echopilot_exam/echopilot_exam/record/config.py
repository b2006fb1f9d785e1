"""The files that an exam ran with, as they are kept in its record and attached to its recording."""

from collections.abc import Sequence
from pathlib import Path

from echopilot_control.safety import Limits
from echopilot_core import EchoPilotError
from echopilot_exam.protocol import PROTOCOL_FOLDER


def exam_config(protocol: str, limits: Limits, more: Sequence[Path] = ()) -> dict[str, bytes]:
    """Protocol (a name or a file, as `load_protocol` takes it), limits and other files such as calibrations, by name.

    Raises EchoPilotError when one of `more` cannot be read.
    """
    shipped = PROTOCOL_FOLDER / f"{protocol}.yaml"
    source = shipped if shipped.is_file() else Path(protocol)
    config = {"protocol.yaml": source.read_bytes(), "limits.json": limits.model_dump_json(indent=1).encode()}
    for path in more:
        try:
            config[path.name] = path.read_bytes()
        except OSError as error:
            raise EchoPilotError(f"{path} cannot be kept with the exam: {error.strerror}") from error
    return config
