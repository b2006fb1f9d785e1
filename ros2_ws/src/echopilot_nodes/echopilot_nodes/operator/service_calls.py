"""Service calls from an asyncio loop beside the executor's thread, STOP among them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger

from echopilot_nodes.graph import topics
from echopilot_report.page.graph import RequestResult

ANSWER_S = 2.0


async def stop_by_services(call: Callable[[str, Any], Awaitable[Any]]) -> RequestResult:
    """Stop by safety; the exam is stopped too, in case safety does not answer.

    `call` takes a service's name and a request, and gives its response or None.
    """
    asked = asyncio.ensure_future(call(topics.EXAM_STOP, Trigger.Request()))
    safety = await call(topics.SAFETY_STOP, Trigger.Request())
    if safety is not None and safety.success:
        return RequestResult(True, "stopped until an operator resumes")
    exam = await asked
    rest = "; the exam lifts the probe off" if exam is not None and exam.success else ""
    return RequestResult(False, f"safety does not answer{rest}: use the emergency stop")


async def called(client: Client, request: Any) -> Any:
    """The service's response, or None when nobody answers in time."""
    if not client.service_is_ready():
        return None
    future = client.call_async(request)
    response = await settled(future, ANSWER_S)
    if response is None:
        client.remove_pending_request(future)
    return response


async def settled(future: Future, timeout_s: float) -> Any:
    """Result of an rclpy future, awaited in this loop; None when it takes longer."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def settle() -> None:
        if not result.done():
            result.set_result(future.result())

    def resolve(_: Future) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle)

    future.add_done_callback(resolve)
    try:
        return await asyncio.wait_for(result, timeout_s)
    except asyncio.TimeoutError:
        return None
