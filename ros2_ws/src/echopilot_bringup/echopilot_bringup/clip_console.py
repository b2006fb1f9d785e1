"""Foreground node that follows a clip through the graph: every frame with its result, then files and summary."""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import rclpy.utilities
from echopilot_msgs.msg import PerceptionResult as PerceptionResultMsg
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rich.console import Console
from rich.progress import Progress, track
from std_msgs.msg import Bool
from ultrasound_msgs.msg import UltrasoundFrame

from echopilot_core import Frame, PerceptionResult
from echopilot_lab.replay.clip_results import ClipResults
from echopilot_nodes.graph import qos, topics
from echopilot_nodes.graph.executor import spin_until
from echopilot_nodes.graph.inlet import Inlet
from echopilot_nodes.graph.process import run_in_foreground
from echopilot_wire import from_frame, from_result

START_S = 60.0
NEXT_FRAME_S = 20.0
LAST_FRAME_S = 3.0  # after the clip's end
DEFAULT_RATE_HZ = 30.0


class ClipConsole(Node):
    """Collects frames and results by sequence; nothing slow happens in a callback, so that no queue overflows."""

    def __init__(self) -> None:
        super().__init__("clip_console")
        self.spinner = SingleThreadedExecutor()
        self.spinner.add_node(self)
        self.ended = False
        self._frames: dict[int, bytes] = {}
        self._results: dict[int, bytes] = {}
        self.create_subscription(Bool, topics.PROBE_ENDED, self._on_ended, qos.LATCHED)
        self._result_inlet = Inlet(
            self,
            PerceptionResultMsg,
            topics.PERCEPTION_RESULT,
            from_result,
            qos.ANSWER_RECORDED,
            on_data=self._results.__setitem__,
        )
        self._frame_inlet = Inlet(  # last: from then on probe_source sends
            self,
            UltrasoundFrame,
            topics.PROBE_FRAME,
            from_frame,
            qos.FRAMES_RECORDED,
            on_data=self._frames.__setitem__,
        )

    def answered(self) -> list[int]:
        """Sequences that both a frame and a result have arrived, in order."""
        return sorted(self._frames.keys() & self._results.keys())

    def pairs(self) -> Iterator[tuple[Frame, PerceptionResult]]:
        """Answered frames with their results, in order."""
        for sequence in self.answered():
            frame, result = (
                self._frame_inlet.read(self._frames[sequence]),
                self._result_inlet.read(self._results[sequence]),
            )
            if frame is not None and result is not None:
                yield frame, result

    def _on_ended(self, message: Bool) -> None:
        self.ended = message.data


def progressed(node: ClipConsole, before: int) -> bool:
    """True when a frame was answered since."""
    return len(node.answered()) > before


def follow(node: ClipConsole, arguments: argparse.Namespace, console: Console) -> int:
    """Follow the clip to its end and write its files; exit code 0 when it came to its end."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("frames", total=arguments.frames)
        patience_s = START_S
        while (before := len(node.answered())) < arguments.frames:
            patient_s = LAST_FRAME_S if node.ended else patience_s
            if not spin_until(node.spinner, partial(progressed, node, before), patient_s):
                if node.ended:
                    break  # what is missing now was dropped
                console.print(f"[red]error:[/] no frame for {patience_s:.0f} s after {before} frames")
                return 1
            patience_s = NEXT_FRAME_S
            progress.update(task, completed=len(node.answered()))
    write(node, arguments, console)
    return 0


def write(node: ClipConsole, arguments: argparse.Namespace, console: Console) -> None:
    """Write overlay, lines and summary of all answered frames."""
    known = not arguments.times_unknown
    source = arguments.scale_source
    results = ClipResults(
        arguments.out, arguments.rate, times_known=known, remarks=arguments.remark, scale_source=source
    )
    for frame, result in track(node.pairs(), "writing", len(node.answered()), console=console, transient=True):
        results.add(frame, result)
    results.finish(arguments.clip, dropped=arguments.frames - len(node.answered()))


def main() -> None:
    """`python -m echopilot_bringup.clip_console --clip NAME --frames N --out DIR`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", required=True, help="name for the summary")
    parser.add_argument("--frames", type=int, required=True, help="frames of the clip")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE_HZ, help="frame rate of the overlay video [Hz]")
    parser.add_argument("--times-unknown", action="store_true", help="the clip gives no frame times")
    parser.add_argument("--scale-source", default="", help="where the scale is from, or why there is none")
    parser.add_argument("--remark", action="append", default=[], help="for the summary")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    console = Console()
    run_in_foreground(ClipConsole, lambda node: follow(node, arguments, console), console)


if __name__ == "__main__":
    main()
