"""Node `scorer`: scores every exam against the simulator's ground truth."""

from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from echopilot_msgs.msg import SimTruth
from rclpy.node import Node
from std_msgs.msg import String

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import SUMMARY, merge_json
from echopilot_lab.records.truth_file import Truth, read_truth, score_record, truth_line
from echopilot_nodes.diagnostics.health import Health
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.params import read_params
from echopilot_nodes.graph.process import run
from echopilot_sim_nodes.params import ScorerParams
from echopilot_sim_nodes.truth_message import from_truth


class Scorer(Node):
    """Keeps the truth of every frame; merges the scores into summary.json and tells its path on `exam/summary`.

    With `truth` it also writes the truth to that file, and goes on with it when it is started again.
    """

    def __init__(self) -> None:
        super().__init__("scorer")
        self._params = read_params(self, ScorerParams)
        self._truth: list[Truth] = []
        self._file: TextIOWrapper | None = None
        if self._params.truth:
            self._open(Path(self._params.truth))
        self._diagnostics = Diagnostics(self, lambda: Health("ready", values={"frames of truth": len(self._truth)}))
        self._summaries = self.create_publisher(String, topics.EXAM_SUMMARY, qos.LATCHED)
        Inlet(self, SimTruth, topics.SIM_TRUTH_FRAME, from_truth, qos.EVENTS, self._on_truth)
        self.create_subscription(String, topics.EXAM_RECORD, self._on_record, qos.LATCHED)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _open(self, path: Path) -> None:
        with suppress(EchoPilotError):
            self._truth = read_truth(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            self._give_up(error)

    def _on_truth(self, truth: Truth) -> None:
        if self._truth and truth[1].seed != self._truth[-1][1].seed:
            self._truth = []
        self._truth.append(truth)
        if self._file is not None:
            try:
                self._file.write(f"{truth_line(truth)}\n")
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.get_logger().error(f"truth cannot be written to {self._params.truth}: {error.strerror}")
        self.close()
        self._file = None

    def _on_record(self, message: String) -> None:
        if not self._truth:
            return  # an old record, or no simulator
        folder = Path(message.data)
        summary = Path(self._params.summary) if self._params.summary else folder / SUMMARY
        try:
            path = score_record(folder, self._truth, summary)
        except EchoPilotError as error:
            self.get_logger().error(str(error))
            with suppress(EchoPilotError):
                merge_json(summary, {"scores_error": str(error)})
            return
        self.get_logger().info(f"scores in {path}")
        self._summaries.publish(String(data=str(path)))


def main() -> None:
    """Run the node until a signal comes."""
    run(Scorer, yields=True)


if __name__ == "__main__":
    main()
