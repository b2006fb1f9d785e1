"""Gazebo system that lets the virtual patient act on the probe at every physics step.

A world file loads it by `gz::sim::systems::PythonSystemLoader`, which calls `get_system` and then the methods of the
object by their names (gz-sim 8, src/systems/python_system_loader).
"""

from typing import Any

from gz.sim8 import World

from echopilot_core import EchoPilotError
from echopilot_gz.engine_time import EngineTime
from echopilot_gz.probe_link import ProbeLink, find_model
from echopilot_gz.settings import PatientSettings, patient_of, read_settings
from echopilot_gz.truth_topics import TruthTopics
from echopilot_sim.physics.patient_world import PatientWorld


class PatientSystem:
    """One patient in one world; the robot may be spawned, removed and spawned again at any time."""

    def __init__(self) -> None:
        self.time = EngineTime()
        self.patient: PatientWorld | None = None
        self._settings = PatientSettings()
        self._world: Any = None
        self._probe: ProbeLink | None = None
        self._truth = TruthTopics("")

    def configure(self, entity: int, sdf: Any, ecm: Any, event_mgr: Any) -> None:
        """Read the `<plugin>` element of a world and make its patient.

        Raises EchoPilotError for settings that are none, and for a plugin that is not a world's.
        """
        self._world = World(entity)
        if not self._world.valid(ecm):
            raise EchoPilotError("the patient system belongs into <world>, not into a model")
        self._settings = read_settings(sdf)
        self.patient = PatientWorld(
            patient_of(self._settings.patient), self.time, breathing=self._settings.breathing == "true"
        )
        self._truth = TruthTopics(self._settings.topics)

    def pre_update(self, info: Any, ecm: Any) -> None:
        """Add the wrench of the skin to the probe for the step to come, once the robot is there."""
        if info.paused or self.patient is None:
            return
        self.time.follow(info)
        if self._probe is None or not self._probe.valid(ecm):
            model = find_model(self._world, self._settings.robot, ecm)
            if model is None:
                return
            self._probe = ProbeLink(model, self._settings, ecm)
        probe = self._probe
        probe.read(ecm)
        wrench = self.patient.step(probe.rotation, probe.origin_m, probe.twist)
        if wrench.any():
            probe.push(wrench, ecm)

    def post_update(self, info: Any, ecm: Any) -> None:
        """Publish what is true of the contact, at 100 Hz of simulated time."""
        if not info.paused and self.patient is not None and self._probe is not None:
            self._truth.tell(self.patient, self.time.now_ns())

    def reset(self, info: Any, ecm: Any) -> None:
        """Patient, gel and record of forces as they were at the start, at the time to which Gazebo went back."""
        self._probe = None
        self.time.follow(info)
        if self.patient is not None:
            self.patient.reset()
        self._truth.restart()


def get_system() -> PatientSystem:
    """The object whose methods Gazebo calls."""
    return PatientSystem()
