"""The gate of the page on the robot PC: its process calls safety itself, whatever the page's own process does."""

import sys
import threading
from functools import partial
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from echopilot_nodes.graph import topics
from echopilot_nodes.graph.context import init
from echopilot_nodes.graph.executor import make_executor, spin
from echopilot_nodes.operator.service_calls import called, stop_by_services
from echopilot_report.page.gate.process import Application, main
from echopilot_report.page.gate.stop_desk import Stop

NODE = "page_stop"
COMMAND = (sys.executable, "-m", "echopilot_nodes.operator.page_gate")


async def by_safety(application: Application) -> Stop:
    """STOP is a call to safety and to the exam from this process."""
    del application
    init(sys.argv)
    node = Node(NODE, enable_rosout=False, start_parameter_services=False)
    clients: dict[str, Client] = {
        name: node.create_client(Trigger, name) for name in (topics.SAFETY_STOP, topics.EXAM_STOP)
    }
    executor = make_executor()
    executor.add_node(node)
    threading.Thread(target=spin, args=(executor, Future()), name="ros", daemon=True).start()

    async def call(name: str, request: Any) -> Any:
        return await called(clients[name], request)

    return partial(_stop, call)


async def _stop(call: Any, by: str) -> tuple[bool, str]:
    del by  # std_srvs/Trigger has no room for it: it is in the audit log
    result = await stop_by_services(call)
    return result.done, result.message


def command(namespace: str) -> tuple[str, ...]:
    """Command of the gate's process for the graph in `namespace`."""
    return (*COMMAND, "--ros-args", "--enclave", f"/echopilot/{NODE}", "-r", f"__ns:={namespace}")


if __name__ == "__main__":
    main(by_safety)
