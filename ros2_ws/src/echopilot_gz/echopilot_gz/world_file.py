"""Name and patient of a world file, so that Gazebo and the graph have the same."""

from dataclasses import dataclass
from pathlib import Path

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import read_text
from echopilot_core.guarded.xml_input import parse_xml
from echopilot_core.paths import share_file
from echopilot_gz.settings import PatientSettings

SHIPPED = ("bench", "operating_theater")
MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class WorldFile:
    """A world with the patient's system in it; `patient` is a name or a seed, as text."""

    path: Path
    name: str
    patient: str
    robot: str  # name of the model


def read_world(text: str) -> WorldFile:
    """The world of a name in SHIPPED or of a path.

    Raises EchoPilotError for a file that is none, and for one without a world or without the patient's system.
    """
    path = share_file("echopilot_description", f"worlds/{text}.sdf") if text in SHIPPED else Path(text)
    if not path.is_file():
        raise EchoPilotError(f"no world {text}; choose {', '.join(SHIPPED)}, or the path of an SDF file")
    world = parse_xml(read_text(path, MAX_BYTES), str(path)).find("world")
    name = "" if world is None else world.get("name", "")
    if world is None or not name:
        raise EchoPilotError(f"{path} holds no world with a name")
    for plugin in world.findall("plugin"):
        if plugin.findtext("module_name", "").strip() == "echopilot_gz.patient_system":
            usual = PatientSettings()
            patient, robot = plugin.findtext("patient", usual.patient), plugin.findtext("robot", usual.robot)
            return WorldFile(path.resolve(), name, patient.strip(), robot.strip())
    raise EchoPilotError(f"{path} has no patient: the plugin with echopilot_gz.patient_system is missing in <world>")
