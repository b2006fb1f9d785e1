"""A real clip through the graph: every frame arrives, in order, once; bad clips end with one line and exit code 2."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from echopilot_msgs.msg import PerceptionResult
from std_msgs.msg import Bool
from ultrasound_msgs.msg import UltrasoundFrame

import echopilot_wire as wire
from echopilot_nodes.graph import qos, topics
from echopilot_perception.frames import open_clip
from echopilot_perception.pipeline import Perception

CLIP = "color3d_jpeg_baseline.dcm"


@pytest.fixture
def clip() -> Path:
    try:
        packaged = files("pydicom-data") or []
    except PackageNotFoundError:
        pytest.skip("pydicom-data is not installed")
    return next(Path(str(f.locate())) for f in packaged if f.name == CLIP)


@pytest.mark.timeout(240)
def test_a_real_clip_gives_every_frame_once_and_the_result_that_it_has_without_ros(
    make_graph: Callable[..., Any], model: Path | None, clip: Path
) -> None:
    graph = make_graph()
    frames = graph.listen(
        UltrasoundFrame, topics.PROBE_FRAME, qos.FRAMES_RECORDED,
        lambda m: (m.sequence, wire.stamp_of(m), bytes(m.image.data)),
    )  # fmt: skip
    results = graph.listen(
        PerceptionResult, topics.PERCEPTION_RESULT, qos.ANSWER_RECORDED,
        wire.from_result,
    )  # fmt: skip
    ended = graph.listen(Bool, topics.PROBE_ENDED, qos.LATCHED, lambda m: m.data)
    graph.start("perception", "replay.yaml", listeners=2, **({"model": model} if model else {}))
    graph.start("probe_source", "replay.yaml", clip=clip, rate=4.0, listeners=2, ends=True)
    graph.start("lifecycle_manager", "replay.yaml")
    graph.wait(lambda: bool(ended) and ended[-1], 120.0, "the end of the clip")
    original = open_clip(clip)
    graph.wait(lambda: len(frames) == len(results) == len(original), 30.0, "the last frame and the last result")
    assert [s for s, _, _ in frames] == list(range(len(original)))
    assert [seen.sequence for seen in results] == list(range(len(original)))
    assert [seen.stamp_ns for seen in results] == [t for _, t, _ in frames]
    offsets_s = (np.array([t for _, t, _ in frames]) - frames[0][1]) * 1e-9
    assert np.abs(offsets_s - (original.frame_times_s - original.frame_times_s[0])).max() < 1e-6
    assert all(sent == image.tobytes() for (_, _, sent), image in zip(frames, original.images, strict=True))
    golden = Perception(model)
    for frame, seen in zip(original.frames(), results, strict=True):
        expected = golden.see(frame)
        assert np.array_equal(seen.label_map.labels, expected.label_map.labels)
        assert np.allclose(seen.view_probability, expected.view_probability, atol=1e-5)
        assert seen.quality == pytest.approx(expected.quality, abs=1e-5)
        assert seen.extents == expected.extents
    golden.close()
    graph.wait(lambda: graph.processes["probe_source"].poll() == 0, 20.0, "the end of the source after its clip")
    assert graph.stop() == dict.fromkeys(graph.processes, 0)


@pytest.mark.timeout(60)
def test_a_bad_clip_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    bad = tmp_path / "notes.txt"
    bad.write_text("not a clip")
    for clip in (str(bad), str(tmp_path / "missing.dcm")):
        done = subprocess.run(
            [sys.executable, "-m", "echopilot_nodes.probe_source", "--ros-args", "-p", f"clip:={clip}"],
            capture_output=True, text=True, timeout=40, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert len(lines) == 1 and "clip" in lines[0]
