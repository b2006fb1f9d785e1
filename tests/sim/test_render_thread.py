"""Which moments become images, and in which order."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from echopilot_sim.render_thread import RenderThread


@dataclass(frozen=True)
class Stub:
    """Stands for a moment and for its frame: the thread reads the sequence alone."""

    sequence: int
    steady_ns: int = 0


class Rendering:
    """Renders when it is let to."""

    def __init__(self, lossless: bool) -> None:
        self.published: list[int] = []
        self.began, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = RenderThread(
            self._render, lambda frame_state, _: self.published.append(frame_state.sequence), lossless
        )

    def _render(self, frame_state: Any) -> Any:
        self.began.release()
        assert self.go.acquire(timeout=20.0)
        if frame_state.sequence < 0:
            raise ZeroDivisionError("no image")
        return frame_state

    def put(self, *sequences: int) -> None:
        for sequence in sequences:
            self.thread.put((Stub(sequence),))  # type: ignore[arg-type]

    def let(self, images: int) -> None:
        for _ in range(images):
            self.go.release()


@pytest.mark.parametrize(("lossless", "expected"), [(True, [0, 1, 2, 3]), (False, [0, 3])])
def test_in_real_time_only_the_newest_moment_waits(lossless: bool, expected: list[int]) -> None:
    rendering = Rendering(lossless)
    rendering.put(0)
    assert rendering.began.acquire(timeout=20.0)
    rendering.put(1, 2, 3)
    assert not rendering.thread.wait(0, 0.0)
    rendering.let(len(expected))
    assert rendering.thread.wait(3, 20.0)
    assert rendering.published == expected
    rendering.thread.close()


def test_a_failure_of_the_renderer_surfaces_where_the_picture_is_waited_for() -> None:
    rendering = Rendering(lossless=True)
    rendering.put(-1)
    rendering.let(1)
    with pytest.raises(ZeroDivisionError, match="no image"):
        rendering.thread.wait(0, 20.0)
    with pytest.raises(ZeroDivisionError, match="no image"):
        rendering.put(1)
