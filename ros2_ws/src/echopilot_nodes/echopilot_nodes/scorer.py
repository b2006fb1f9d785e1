"""Node `scorer`: the only listener to the simulator's truth; scores every exam that ends."""

import json
from pathlib import Path
from typing import Any

from echopilot_msgs.msg import SimTruth
from rclpy.node import Node
from std_msgs.msg import String

from echopilot_core import EchoPilotError, View
from echopilot_exam.record import read_exam
from echopilot_exam.record.files import replace_file
from echopilot_lab.scores import PatientTruth, TruthSample, as_json
from echopilot_lab.scoring import score
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.params import ScorerParams, read_params
from echopilot_nodes.process import run


class Scorer(Node):
    """Keeps the truth of every frame; merges the scores into summary.json and tells its path on `exam/summary`."""

    def __init__(self) -> None:
        super().__init__("scorer")
        self._params = read_params(self, ScorerParams)
        self._truth: list[TruthSample] = []
        self._newest: SimTruth | None = None
        self._peak_n = 0.0
        self._summaries = self.create_publisher(String, names.EXAM_SUMMARY, qos.LATCHED)
        self.create_subscription(SimTruth, names.SIM_TRUTH_FRAME, self._on_truth, qos.EVENTS)
        self.create_subscription(String, names.EXAM_RECORD, self._on_record, qos.LATCHED)

    def _on_truth(self, message: SimTruth) -> None:
        if self._newest is not None and message.patient_seed != self._newest.patient_seed:
            self._truth = []
        self._newest = message
        self._truth.append(to_sample(message))

    def _on_record(self, message: String) -> None:
        if self._newest is None:
            return  # an old record, or no simulator
        folder = Path(message.data)
        try:
            scores = as_json(score(read_exam(folder), self._truth, to_patient(self._newest)))
            path = Path(self._params.summary) if self._params.summary else folder / "summary.json"
            merge(path, scores)
        except EchoPilotError as error:
            self.get_logger().error(str(error))
            return
        self.get_logger().info(f"scores in {path}")
        self._summaries.publish(String(data=str(path)))


def to_sample(m: SimTruth) -> TruthSample:
    """Truth of one frame in the words of the scores."""
    views = [View(v) for v in m.views]
    return TruthSample(
        stamp_ns=conv.from_time(m.header.stamp),
        sequence=m.frame_sequence,
        view_angle_rad=dict(zip(views, m.angle_errors, strict=True)),
        view_offset_m=dict(zip(views, m.offset_errors, strict=True)),
        aorta_outer_ap_m=m.outer_ap,
        station_m=m.aorta_station,
    )


def to_patient(m: SimTruth) -> PatientTruth:
    """Truth of the patient as a whole, as of the newest frame."""
    return PatientTruth(m.patient_seed, m.max_diameter, m.ejection_fraction, m.limit_crossings, m.peak_normal_force)


def merge(path: Path, scores: dict[str, Any]) -> None:
    """Put the scores into a JSON file, keeping keys that others wrote; dictionaries are merged key by key."""
    try:
        document: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise EchoPilotError(f"{path} is not JSON: {error}") from error
    for key, value in scores.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            document[key].update(value)
        else:
            document[key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (json.dumps(document, indent=2) + "\n").encode())


def main() -> None:
    """Run the node until a signal comes."""
    run(Scorer)


if __name__ == "__main__":
    main()
