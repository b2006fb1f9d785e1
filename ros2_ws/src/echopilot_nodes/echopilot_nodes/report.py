"""Node `report`: writes the report of every exam that ends."""

import shlex
from contextlib import suppress
from pathlib import Path

from rclpy.node import Node
from std_msgs.msg import String

from echopilot_core import EchoPilotError
from echopilot_exam.record.files import SUMMARY, merge_json
from echopilot_nodes.bonds import Bond
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.process import run
from echopilot_report.report import write_report


class Report(Node):
    """Hears the folder of a finished record on `exam/record`, answers with the report's path on `exam/report`."""

    def __init__(self) -> None:
        super().__init__("report")
        self._bond = Bond(self.get_namespace(), self.get_name())
        self._written, self._error = 0, ""
        self._diagnostics = Diagnostics(self, self._health)
        self._reports = self.create_publisher(String, topics.EXAM_REPORT, qos.LATCHED)
        self.create_subscription(String, topics.EXAM_RECORD, self._on_record, qos.LATCHED)

    def _on_record(self, message: String) -> None:
        folder = Path(message.data)
        try:
            written = write_report(folder)
        except Exception as error:  # whatever it is, the record stays, and so does this node
            self._error = f"{error}; once that is mended: echopilot report {shlex.quote(str(folder))}"
            self.get_logger().error(self._error)
            with suppress(EchoPilotError):
                merge_json(folder / SUMMARY, {"report_error": str(error)})
            return
        self._written, self._error = self._written + 1, ""
        for remark in written.remarks:
            self.get_logger().warning(remark)
        self.get_logger().info(f"report in {written.page}")
        self._reports.publish(String(data=str(written.page)))

    def _health(self) -> Health:
        written = {"reports": self._written}
        return Health(self._error, Severity.ERROR, written) if self._error else Health("ready", Severity.OK, written)

    def close(self) -> None:
        """Say goodbye."""
        self._bond.close()


def main() -> None:
    """Run the node until a signal comes."""
    run(Report, yields=True)


if __name__ == "__main__":
    main()
