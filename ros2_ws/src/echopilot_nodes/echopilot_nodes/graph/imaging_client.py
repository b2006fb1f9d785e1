"""Client that requests another imaging preset from the scanner."""

import math
from collections.abc import Callable

from rclpy.node import Node
from rclpy.task import Future
from ultrasound_msgs.msg import ImagingParameters
from ultrasound_msgs.srv import SetImaging

from echopilot_core import SteadyClock, to_ns
from echopilot_nodes.graph import topics

ANSWER_TIMEOUT_S = 0.5


class ImagingClient:
    """One request at a time; a scanner without this service (a replayed clip) is left as it is."""

    def __init__(self, node: Node, lives: Callable[[], bool] = lambda: False) -> None:
        """`lives` says whether the scanner is known to run and to answer, in lockstep: then it is waited for."""
        self._logger = node.get_logger()
        self._client = node.create_client(SetImaging, topics.SET_IMAGING)
        self._clock = SteadyClock()
        self._lives = lives
        self._preset = ""
        self._unsent: tuple[str, Callable[[], None]] | None = None
        self._future: Future | None = None
        self._deadline_ns = 0

    def differs(self, preset: str) -> bool:
        """True when `preset` is not what the scanner was asked for last."""
        return preset not in ("", self._preset)

    def ask(self, preset: str, then: Callable[[], None]) -> None:
        """Send the request; `then` is called when the answer is there."""
        self._preset = preset
        self._unsent = None
        if not self._client.service_is_ready():
            if self._lives():
                self._unsent = preset, then
            return
        nan = math.nan
        self._deadline_ns = self._clock.now_ns() + to_ns(ANSWER_TIMEOUT_S)
        settings = ImagingParameters(preset=preset, depth=nan, gain=nan, focus=nan, dynamic_range=nan, persistence=nan)
        self._future = self._client.call_async(SetImaging.Request(settings=settings))
        self._future.add_done_callback(lambda future: self._done(future, then))

    def is_waiting(self) -> bool:
        """True while an answer is due; a scanner that may be absent is given up after half a second of wall time."""
        if self._unsent is not None:
            self.ask(*self._unsent)
        if self._future is not None and self._clock.now_ns() > self._deadline_ns and not self._lives():
            self._logger.warning("the scanner does not answer set_imaging")
            self._future = None
        return self._future is not None or self._unsent is not None

    def forget(self) -> None:
        """The scanner may have been set by others: ask again next time."""
        self._preset = ""

    def _done(self, future: Future, then: Callable[[], None]) -> None:
        if future is not self._future:
            return
        self._future = None
        response: SetImaging.Response | None = future.result() if future is not None else None
        if response is not None and not response.success:
            self._logger.error(f"imaging: {response.message}")
        then()
