"""A scanner behind OpenIGTLink: its images, poses and messages, and settings sent to it."""

import math
import threading
import time
from collections import deque
from itertools import count
from typing import Protocol

import numpy as np

from echopilot_core import Array, EchoPilotError, ImagingParameters
from echopilot_core.guarded.bounded import one_line
from echopilot_core.timing import RemoteClock
from echopilot_scanner.igtl.commands import ANSWER, COMMAND, Answer, read_answer, setting_command
from echopilot_scanner.igtl.connection import IgtlConnection
from echopilot_scanner.interface import SourceImage
from echopilot_wire.igtl import (
    STATUS_OK,
    IgtlMessage,
    from_igtl_image,
    from_igtl_status,
    from_igtl_string,
    from_igtl_transform,
    pack,
    to_igtl_string,
)

AGAIN_S = 0.5  # between attempts to connect
LOOK_S = 0.2  # how long the thread waits before it looks whether to end
WAITING = 4  # images that wait for `read`
MOST_REMARKS = 20


class IgtlLink(Protocol):
    """A way to a connection: `Dial` or `Listen`."""

    def open(self) -> None: ...

    def connect(self, timeout_s: float) -> IgtlConnection | None: ...

    def close(self) -> None: ...


class IgtlSource:
    """Images of one device over OpenIGTLink, connected anew whenever the connection ends.

    Stamps are the sender's, moved to our clock where its own is another one (`RemoteClock`). `poses` has the newest
    stamp [ns] and transform [m] of every device that sends some; strings and states of devices become remarks, and a
    state that is not OK is the reason why no images come.
    """

    def __init__(self, name: str, link: IgtlLink, device: str = "") -> None:
        """`device` may be left empty where one device alone sends images."""
        self.name = name
        self._link = link
        self._device = device
        self._connection: IgtlConnection | None = None
        self._clock = RemoteClock(name)
        self._closing = threading.Event()
        self._numbers = count(1)
        self._answers: dict[str, Answer | None] = {}
        self._answered = threading.Condition()
        self._depth_m = math.nan
        self._remarks: list[str] = []
        self._images: deque[SourceImage] = deque(maxlen=WAITING)
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._receive, name=name, daemon=True)
        self.poses: dict[str, tuple[int, Array]] = {}
        self.trouble = f"{name}: not connected yet"

    def open(self) -> None:
        """Check the address and begin; the connection is made, and made anew, in a thread that only receives."""
        self._link.open()
        self._thread.start()

    def read(self, timeout_s: float) -> SourceImage | None:
        """The next image of the device; the oldest of those that wait are dropped when four do."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._images or self._closing.is_set(), timeout_s)
            return self._images.popleft() if self._images and not self._closing.is_set() else None

    def _receive(self) -> None:
        while not self._closing.is_set():
            connection = self._connected()
            if connection is None:
                continue
            try:
                message = connection.receive(LOOK_S)
            except OSError as error:
                self._lost(f"{self.name}: {one_line(error, 120)}")
                continue
            for refusal in connection.take_refusals():
                self._remark(refusal)
            if message is not None and (image := self._taken(message)) is not None:
                with self._arrived:
                    self._images.append(image)
                    self._arrived.notify_all()

    def _connected(self) -> IgtlConnection | None:
        if self._connection is None:
            try:
                self._connection = self._link.connect(LOOK_S)
            except OSError as error:
                self.trouble = f"no connection to {self.name}: {error.strerror or error}; trying again"
                self._closing.wait(AGAIN_S)
                return None
            if self._connection is None:
                self.trouble = f"{self.name}: nobody has connected yet"
            else:
                self.trouble, self._clock = "", RemoteClock(self.name)
                self._remark(f"{self.name}: connected")
        return self._connection

    def _lost(self, why: str) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self.trouble = None, why
        if not self._closing.is_set():
            self._remark(why)

    def _taken(self, message: IgtlMessage) -> SourceImage | None:
        heard_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        try:
            if message.kind == "IMAGE":
                return self._image(message, heard_ns, wall_ns)
            if message.kind == "TRANSFORM":
                self.poses[message.device] = (
                    self._clock.to_ours(message.stamp_ns, wall_ns),
                    from_igtl_transform(message.content),
                )
            elif message.kind == "STRING":
                self._string(message.device, from_igtl_string(message.content))
            elif message.kind == "STATUS":
                self._status(message)
        except (ValueError, EchoPilotError) as error:
            self._remark(f"{message.kind} of {message.device!a} refused: {one_line(error, 120)}")
        return None

    def _image(self, message: IgtlMessage, heard_ns: int, wall_ns: int) -> SourceImage | None:
        if not self._device:
            self._device = message.device
        if message.device != self._device:
            self._remark(f"{self.name}: images of {message.device!a} are left out; {self._device!a} is shown")
            return None
        image = from_igtl_image(message.content)
        if image.samples.dtype != np.uint8:
            raise ValueError(f"samples {image.samples.dtype}; images of 8 bits are read")
        if message.stamp_ns == 0:
            self._remark(
                f"{self.name} stamps no images; expected: acquisition time. They count as made when they arrive"
            )
        stamp_ns = self._clock.to_ours(message.stamp_ns, wall_ns)
        if remark := self._clock.take_remark():
            self._remark(remark)
        self._depth_m = image.samples.shape[0] * image.spacing_m[1]
        self.trouble = ""
        return SourceImage(
            stamp_ns, heard_ns - (wall_ns - stamp_ns), image.samples.astype(np.uint8, copy=False), image.spacing_m
        )

    def _string(self, device: str, text: str) -> None:
        number = device.removeprefix(ANSWER)
        with self._answered:
            if device.startswith(ANSWER) and number in self._answers:
                self._answers[number] = read_answer(text)
                self._answered.notify_all()
                return
        self._remark(f"{self.name}: {device!a} says {one_line(text, 120)!a}")

    def _status(self, message: IgtlMessage) -> None:
        status = from_igtl_status(message.content)
        told = one_line(" ".join(part for part in (status.name, status.message) if part), 120)
        if status.code != STATUS_OK:
            self.trouble = f"{self.name}: {message.device!a} reports fault {status.code}: {told or 'no text'}"
            self._remark(self.trouble)

    def apply(self, asked: ImagingParameters, timeout_s: float) -> str:
        """Send the settings as a command and wait for the answer; EchoPilotError with the scanner's own reason."""
        command = setting_command(asked, self._depth_m)
        connection, number = self._connection, str(next(self._numbers))
        if connection is None:
            raise EchoPilotError(self.trouble)
        with self._answered:
            self._answers[number] = None
            try:
                connection.send(pack(IgtlMessage("STRING", COMMAND + number, time.time_ns(), to_igtl_string(command))))
            except OSError as error:
                raise EchoPilotError(f"{self.name}: {one_line(error, 120)}") from error
            self._answered.wait_for(lambda: self._answers[number] is not None, timeout_s)
            answer = self._answers.pop(number)
        if answer is None:
            raise EchoPilotError(f"{self.name} did not answer within {timeout_s:g} s; it may take no settings")
        if not answer.succeeded:
            raise EchoPilotError(f"{self.name} refused: {one_line(answer.message, 120) or 'no reason given'}")
        return one_line(answer.message, 120) or "done"

    def _remark(self, line: str) -> None:
        if line not in self._remarks and len(self._remarks) < MOST_REMARKS:
            self._remarks.append(line)

    def take_remarks(self) -> list[str]:
        """Lines for the log since the last call."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def close(self) -> None:
        """End the connection; a `read` under way returns."""
        self._closing.set()
        with self._arrived:
            self._arrived.notify_all()
        connection = self._connection
        if connection is not None:
            connection.close()
        self._thread.join()
        self._link.close()
