"""An FR3 as an `Arm`: starts the process of the 1 kHz loop and speaks with it."""

import importlib.util
import select
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from echopilot_control.kinematics.joint_limits import joint_names
from echopilot_core import Array, EchoPilotError
from echopilot_robot.arm import ArmSample
from echopilot_robot.fr3.messages import JOINTS, LARGEST, LoopCount, pack_command, unpack_sample

PERIOD_NS = 4_000_000
LOST_NS = 50_000_000
"""Without a sample for so long the connection counts as lost: 50 states of the arm."""

CONNECT_S = 15.0
CLOSE_S = 3.0


class Fr3Arm:
    """An FR3, or a server that speaks its protocol, at `host`. Samples come at 250 Hz, with the wrench at the probe.

    `count` is that of the loop's ticks. The arm's own estimate of the force is the wrench: its load, with the probe,
    has to be set in Franka Desk, and the tool of the bridge has then no weight.
    """

    def __init__(self, host: str, urdf: str, sensor_sign: int = 1) -> None:
        """`urdf` is the text of the description; EchoPilotError, in one line, where the arm cannot be had."""
        if importlib.util.find_spec("pylibfranka") is None:
            raise EchoPilotError("an FR3 needs pylibfranka: pip install 'echopilot[franka]' (Linux, x86-64)")
        self.joint_names = joint_names(urdf)
        if len(self.joint_names) != JOINTS:
            raise EchoPilotError(f"the description has {len(self.joint_names)} joints; an FR3 has {JOINTS}")
        self.period_ns = PERIOD_NS
        self.count = LoopCount()
        self._last: ArmSample | None = None
        self._folder = tempfile.TemporaryDirectory()
        description = Path(self._folder.name, "arm.urdf")
        description.write_text(urdf, encoding="utf-8")
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "echopilot_robot.fr3.loop", str(theirs.fileno()), host, str(sensor_sign)]
            self._loop = subprocess.Popen([*command, str(description)], pass_fds=(theirs.fileno(),))
        sample = self._receive(CONNECT_S)
        if sample is None or sample.errors:
            self.close()
            why = "no answer" if sample is None else "; ".join(sample.errors)
            raise EchoPilotError(f"no FR3 at {host}: {why}")
        self._last = sample

    def read(self, timeout_s: float) -> ArmSample | None:
        """The newest sample; after 50 ms of silence the last one with the error, at once and again every period."""
        assert self._last is not None
        silent_ns = time.monotonic_ns() - self._last.heard_ns
        wait_s = min(timeout_s, max(1e-9 * (LOST_NS - silent_ns), 1e-9 * PERIOD_NS))
        sample = self._receive(wait_s)
        if sample is not None and not (sample.errors and sample.stamp_ns == 0):
            self._last = sample
            return sample
        now_ns = time.monotonic_ns()
        silent_ns = now_ns - self._last.heard_ns
        if silent_ns < LOST_NS and sample is None:
            return None
        why = f"connection lost: no state of the arm for {1e-6 * silent_ns:.0f} ms"
        return replace(
            self._last,
            stamp_ns=self._last.stamp_ns + silent_ns,
            heard_ns=now_ns,
            velocity_rad_s=np.zeros(JOINTS),
            errors=(why, *(sample.errors if sample is not None else ())),
            is_silent=True,
        )

    def command(self, velocity_rad_s: Array) -> None:
        """Go on with joint velocities (7,) [rad/s]; the loop holds compliantly 50 ms after the last."""
        try:
            self._socket.send(pack_command(time.monotonic_ns(), velocity_rad_s), socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return  # a loop that hears nothing sends nothing: `read` tells

    def stop(self) -> None:
        """Stand still."""
        self.command(np.zeros(JOINTS))

    def close(self) -> None:
        """End the loop, which brakes the arm within 10 ms."""
        self._loop.terminate()
        try:
            self._loop.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._loop.kill()
            self._loop.wait()
        self._socket.close()
        self._folder.cleanup()

    def _receive(self, timeout_s: float) -> ArmSample | None:
        data = newest(self._socket, timeout_s)
        if data == b"":
            time.sleep(min(timeout_s, 1e-9 * PERIOD_NS))  # the loop has ended: nothing more will come
        if not data:
            return None
        sample, self.count = unpack_sample(data)
        return sample


def newest(end: socket.socket, timeout_s: float) -> bytes | None:
    """The last of the messages that wait, empty once the other end has closed; None when none came in time.

    A bridge that was kept from reading for a while goes on with the arm of now, not with what it was.
    """
    ready, _, _ = select.select([end], [], [], timeout_s)
    data = None
    while ready:
        try:
            later = end.recv(LARGEST, socket.MSG_DONTWAIT)
        except BlockingIOError:
            break
        except ConnectionResetError:
            later = b""
        if not later:
            return data or b""
        data = later
    return data
