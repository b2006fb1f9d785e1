"""Follow a clip through the graph from the foreground: every frame with its result, then the files and the summary."""

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import rclpy
import rclpy.signals
import rclpy.utilities
from echopilot_msgs.msg import PerceptionResult, UltrasoundFrame
from rclpy.node import Node
from rich.console import Console
from rich.progress import Progress, track
from std_msgs.msg import Bool

from echopilot_core import EchoPilotError, Frame, Seen
from echopilot_lab.clip_results import ClipResults
from echopilot_nodes import conversions as conv
from echopilot_nodes import names, qos
from echopilot_nodes.console import spin_until

START_S = 60.0
NEXT_FRAME_S = 20.0
LAST_FRAME_S = 3.0  # after the clip's end
DEFAULT_RATE_HZ = 30.0


class ClipConsole(Node):
    """Collects frames and results by sequence; nothing slow happens in a callback, so that no queue overflows."""

    def __init__(self) -> None:
        super().__init__("clip_console")
        self.ended = False
        self._frames: dict[int, UltrasoundFrame] = {}
        self._results: dict[int, PerceptionResult] = {}
        self.create_subscription(Bool, names.PROBE_ENDED, self._on_ended, qos.LATCHED)
        self.create_subscription(PerceptionResult, names.PERCEPTION_RESULT, self._on_result, qos.ANSWER_LOCKSTEP)
        self.create_subscription(UltrasoundFrame, names.PROBE_FRAME, self._on_frame, qos.FRAMES_RECORDED)  # last

    def answered(self) -> list[int]:
        """Sequences that both a frame and a result were heard of, in order."""
        return sorted(self._frames.keys() & self._results.keys())

    def pairs(self) -> Iterator[tuple[Frame, Seen]]:
        """Answered frames with their results, in order."""
        for sequence in self.answered():
            yield conv.from_frame(self._frames[sequence]), conv.from_result(self._results[sequence])

    def _on_frame(self, message: UltrasoundFrame) -> None:
        self._frames[message.sequence] = message

    def _on_result(self, message: PerceptionResult) -> None:
        self._results[message.sequence] = message

    def _on_ended(self, message: Bool) -> None:
        self.ended = message.data


def progressed(node: ClipConsole, before: int) -> bool:
    """True when a frame was answered since."""
    return len(node.answered()) > before


def follow(node: ClipConsole, arguments: argparse.Namespace, console: Console) -> int:
    """Follow the clip to its end; exit code 0 when it came to its end."""
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("frames", total=arguments.frames)
        patience_s = START_S
        while (before := len(node.answered())) < arguments.frames:
            if not spin_until(node, partial(progressed, node, before), LAST_FRAME_S if node.ended else patience_s):
                if node.ended:
                    break  # what is missing now was dropped
                console.print(f"[red]error:[/] no frame for {patience_s:.0f} s after {before} frames")
                return 1
            patience_s = NEXT_FRAME_S
            progress.update(task, completed=len(node.answered()))
    return 0


def write(node: ClipConsole, arguments: argparse.Namespace, console: Console) -> None:
    """Write overlay, lines and summary of all answered frames."""
    results = ClipResults(arguments.out, arguments.rate)
    for frame, seen in track(node.pairs(), "writing", len(node.answered()), console=console, transient=True):
        results.add(frame, seen)
    results.finish(arguments.clip, dropped=arguments.frames - len(node.answered()))


def main() -> None:
    """`python -m echopilot_nodes.clip_console --clip NAME --frames N --out DIR`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", required=True, help="name for the summary")
    parser.add_argument("--frames", type=int, required=True, help="frames of the clip")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE_HZ, help="frame rate of the overlay video [Hz]")
    arguments = parser.parse_args(rclpy.utilities.remove_ros_args(sys.argv)[1:])
    console = Console()
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    node = ClipConsole()
    try:
        code = follow(node, arguments, console)
        if code == 0:
            write(node, arguments, console)
    except KeyboardInterrupt:
        code = 130
    except EchoPilotError as error:
        console.print(f"[red]error:[/] {error}")
        code = 2
    finally:
        node.destroy_node()
        rclpy.shutdown()
    sys.exit(code)


if __name__ == "__main__":
    main()
