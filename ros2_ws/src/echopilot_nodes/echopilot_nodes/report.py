"""Node `report`: writes the report of every exam that ends."""

from pathlib import Path

from rclpy.node import Node
from std_msgs.msg import String

from echopilot_core import EchoPilotError
from echopilot_nodes import names, qos
from echopilot_nodes.process import run
from echopilot_report.report import write_report


class Report(Node):
    """Hears the folder of a finished record on `exam/record`, answers with the report's path on `exam/report`."""

    def __init__(self) -> None:
        super().__init__("report")
        self._reports = self.create_publisher(String, names.EXAM_REPORT, qos.LATCHED)
        self.create_subscription(String, names.EXAM_RECORD, self._on_record, qos.LATCHED)

    def _on_record(self, message: String) -> None:
        try:
            written = write_report(Path(message.data))
        except EchoPilotError as error:
            self.get_logger().error(str(error))
            return
        for remark in written.remarks:
            self.get_logger().warning(remark)
        self.get_logger().info(f"report in {written.page}")
        self._reports.publish(String(data=str(written.page)))


def main() -> None:
    """Run the node until a signal comes."""
    run(Report)


if __name__ == "__main__":
    main()
