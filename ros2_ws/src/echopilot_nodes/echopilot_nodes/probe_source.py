"""Node `probe_source`: frames of a live scanner or of a real clip; lifecycle, begins anew on activation."""

import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from ultrasound_msgs.msg import UltrasoundFrame
from ultrasound_msgs.srv import Freeze, SetImaging

from echopilot_core import EchoPilotError
from echopilot_nodes.diagnostics.health import Health, Severity
from echopilot_nodes.diagnostics.publisher import Diagnostics
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.clock import wall_clock
from echopilot_nodes.graph.outlet import Outlet
from echopilot_nodes.graph.params import ProbeSourceParams, read_params
from echopilot_nodes.graph.process import run
from echopilot_nodes.scanner.clip_player import ClipPlayer
from echopilot_nodes.scanner.live_scanner import LiveScanner
from echopilot_perception.frames.readers.kinds import WORDS
from echopilot_scanner import ADDRESSES
from echopilot_wire import from_settings, to_frame

LAST_S = 1.0  # wall time from the end of the clip to that of the process: the last results are on their way


class ProbeSource(LifecycleNode):
    """Sends frames on `probe/frame` and says on `diagnostics` whether they come.

    It passes settings on to a live scanner (`probe/set_imaging`) and holds its image on request (`probe/freeze`).
    """

    def __init__(self) -> None:
        super().__init__("probe_source")
        self._params = read_params(self, ProbeSourceParams)
        p = self._params
        if bool(p.clip) == bool(p.scanner):
            both = "both are given" if p.clip else "both are empty"
            raise EchoPilotError(
                f"parameters clip and scanner: {both}; give one. clip: {WORDS}; scanner: {'; '.join(ADDRESSES)}"
            )
        self._frames = Outlet(self, UltrasoundFrame, topics.PROBE_FRAME, to_frame, qos.FRAMES_OFFERED)
        # here and not on configure: a bad clip or address ends the process with code 2
        self._source: LiveScanner | ClipPlayer = (
            LiveScanner(self, p, self._frames) if p.scanner else ClipPlayer(self, p, self._frames, self._on_clip_end)
        )
        self._device_services: list[Any] = []
        self._is_active = False
        self._last_timer: object = None
        self._diagnostics = Diagnostics(self, self._health, hardware_id=p.scanner or Path(p.clip).name)
        self.add_on_set_parameters_callback(self._on_parameters)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin at the first frame."""
        try:
            self._source.start()
        except EchoPilotError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        self._is_active = True
        self._device_services = [
            self.create_service(SetImaging, topics.SET_IMAGING, self._on_imaging),
            self.create_service(Freeze, topics.FREEZE, self._on_freeze),
        ]
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop sending."""
        self.close()
        return super().on_deactivate(state)

    def close(self) -> None:
        """End the scanner's thread."""
        if self._is_active:
            self._is_active = False
            for service in self._device_services:
                self.destroy_service(service)
            self._source.stop()

    def _on_imaging(self, request: SetImaging.Request, response: SetImaging.Response) -> SetImaging.Response:
        try:
            response.message = self._source.apply(from_settings(request.settings, request.to_zero))
            response.success = True
        except (EchoPilotError, ValueError) as error:
            response.message = str(error)
            self.get_logger().warning(f"settings refused: {error}")
        return response

    def _on_freeze(self, request: Freeze.Request, response: Freeze.Response) -> Freeze.Response:
        try:
            response.message = self._source.freeze(request.frozen)
            response.success = True
        except EchoPilotError as error:
            response.message = str(error)
        return response

    def _on_parameters(self, changed: "list[Parameter[float]]") -> SetParametersResult:
        for parameter in changed:
            if parameter.name == "depth_m":
                try:
                    self._source.set_depth(parameter.value)
                except EchoPilotError as error:
                    return SetParametersResult(successful=False, reason=str(error))
                self._params = replace(self._params, depth_m=parameter.value)
                self.get_logger().info(f"depth of the sector: {parameter.value:g} m")
        return SetParametersResult(successful=True)

    def _on_clip_end(self) -> None:
        if self._params.ends:
            end = partial(signal.raise_signal, signal.SIGINT)
            self._last_timer = self.create_timer(LAST_S, end, clock=wall_clock())

    def _health(self) -> Health:
        trouble = self._source.trouble if self._is_active else ""
        told = f"{trouble}; {self._source.summary}" if trouble else self._source.summary
        if trouble:
            return Health(told, Severity.ERROR)
        return Health(told, Severity.WARN if self._source.is_frozen else Severity.OK)


def main() -> None:
    """Run the node until a signal comes."""
    run(ProbeSource)


if __name__ == "__main__":
    main()
