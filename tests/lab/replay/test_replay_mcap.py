"""Replaying a recording: the same bit for bit, every difference named; and the episodes made of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import echopilot_wire as wire
from echopilot_core import (
    ControlGoal,
    ControlPhase,
    ControlStatus,
    ExamPhase,
    ExamStatus,
    Finding,
    FindingKind,
    Frame,
    GoalKind,
    Landmark,
    Measurement,
    MeasurementName,
    Outcome,
    PerceptionResult,
    ProbeCommand,
    ProbeGeometry,
    ProbeKind,
    RobotMode,
    RobotState,
    SectorBox,
    View,
)
from echopilot_exam.record.recording import Recording
from echopilot_lab.cli.app import app
from echopilot_lab.records.episodes import fitted
from echopilot_lab.replay.clip import replay_clip
from echopilot_lab.replay.result_difference import differences
from echopilot_perception.pipeline import Perception
from echopilot_wire.store import STORE

GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.57, 0.019, 0.16, 0.001, 0.001, 80.0, 0.0, 2.5e6)
QUIET = Console(quiet=True)
A_VOLUME = Measurement(MeasurementName.LV_VOLUME, 1e-4, "m3", 1e-5, View.A4C)
FRAMES = 6
FRAME_NS = 200_000_000


def make_frame(number: int) -> Frame:
    image = np.random.default_rng(number).integers(0, 255, (160, 160), dtype=np.uint8)
    return Frame(number * FRAME_NS, number, image, GEOMETRY, SectorBox(0, 0, 160, 160))


@pytest.fixture(scope="module")
def seen() -> list[PerceptionResult]:
    perception = Perception()
    results = [replace(perception.see(make_frame(number)), latency_s=0.1 * number) for number in range(FRAMES)]
    perception.close()
    return results


def record(
    path: Path, seen: list[PerceptionResult], change: Callable[[PerceptionResult], PerceptionResult] = lambda s: s
) -> Path:
    """A recording of FRAMES images with what was seen, in an exam that looks for A4C and then sweeps."""
    recording = Recording(path, {}, {})
    channels: dict[str, int] = {}
    for number, result in enumerate(seen):
        now = number * FRAME_NS
        goal = ControlGoal(1, GoalKind.ACQUIRE_VIEW, View.A4C)
        if number >= FRAMES // 2:
            goal = ControlGoal(2, GoalKind.SWEEP, View.AORTA_TRANS)
        pose = np.eye(4)
        pose[0, 3] = 0.1 * number
        wrench, rest = np.array([0, 0, -5.0, 0, 0, 0]), np.zeros(7)
        robot = RobotState(now, number, pose, np.zeros(6), wrench, rest, rest, RobotMode.SERVO)
        doing = (goal.goal_id, goal.kind, ControlPhase.HOLD, Outcome.SUCCEEDED)
        status = ControlStatus(now, number, *doing, "", 1.0, 5.0, 5.0, 0.0, 0.5, number, 0.0)
        for message in (
            wire.to_frame(make_frame(number)),
            wire.to_result(change(result)),
            wire.to_robot_state(robot),
            wire.to_command(ProbeCommand(now, number, np.full(6, 0.01 * number), 5.0, number, 1)),
            wire.to_status(status),
            wire.to_exam_state(ExamStatus(now, number, True, ExamPhase.SEARCH, goal)),
        ):
            name = message.__msgtype__
            if name not in channels:
                channels[name] = recording.channel(f"/{name}", name, wire.definition(name))
            recording.write(channels[name], now, wire.encode(message))
    recording.close()
    return path


def test_the_same_model_gives_the_same_bits(seen: list[PerceptionResult], tmp_path: Path) -> None:
    path = record(tmp_path / "exam.mcap", seen)
    run = CliRunner().invoke(app, ["replay", str(path), "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    figures = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert figures["identical"] and figures["compared"] == FRAMES and figures["heads"] == {}


def flip(value: float) -> float:
    return float(np.nextafter(value, 2.0))


def relabeled(seen: PerceptionResult) -> PerceptionResult:
    labels = seen.label_map.labels.copy()
    labels[5, 5] = 13
    return replace(seen, label_map=replace(seen.label_map, labels=labels))


@pytest.mark.parametrize(
    ("head", "change"),
    [
        ("segmentation", relabeled),
        ("view", lambda s: replace(s, view_probability=np.nextafter(s.view_probability, 2.0))),
        ("quality", lambda s: replace(s, quality=flip(s.quality))),
        ("coupling", lambda s: replace(s, coupling=-s.coupling)),
        ("ood", lambda s: replace(s, ood_score=flip(s.ood_score))),
        ("guidance", lambda s: replace(s, guidance=s.guidance[:-1])),
        ("landmarks", lambda s: replace(s, landmarks=(Landmark("apex", np.zeros(2), np.eye(2)),))),
        ("measurements", lambda s: replace(s, measurements=(A_VOLUME,))),
        ("findings", lambda s: replace(s, findings=(Finding(FindingKind.EFFUSION, 0.5, View.A4C, (1,), "x"),))),
    ],
)
def test_one_changed_bit_is_found_in_its_head(
    seen: list[PerceptionResult], head: str, change: Callable[[PerceptionResult], PerceptionResult]
) -> None:
    assert differences(seen[0], replace(seen[0], latency_s=9.0, enhanced=None)) == []
    assert [d.head for d in differences(seen[0], change(seen[0]))] == [head]


def test_the_first_difference_is_named(seen: list[PerceptionResult], tmp_path: Path) -> None:
    path = record(tmp_path / "exam.mcap", seen, lambda s: replace(s, quality=0.25) if s.sequence in (2, 4) else s)
    figures = replay_clip(str(path), tmp_path / "out", False, False, QUIET)
    gaps = [abs(seen[number].quality - 0.25) for number in (2, 4)]
    assert figures["different"] == 2 and not figures["identical"]
    assert figures["first_difference"] == {"sequence": 2, "heads": {"quality": pytest.approx(gaps[0])}}
    assert figures["heads"] == {"quality": {"frames": 2, "largest": pytest.approx(max(gaps)), "shape_frames": 0}}
    assert len((tmp_path / "out" / "differences.jsonl").read_text().splitlines()) == 2


def test_another_model_is_said_and_a_difference_ends_with_1(seen: list[PerceptionResult], tmp_path: Path) -> None:
    path = record(
        tmp_path / "exam.mcap", seen, lambda s: replace(s, model_id="old", model_sha256="ab" * 32, quality=0.5)
    )
    run = CliRunner().invoke(app, ["replay", str(path), "--out", str(tmp_path / "out")])
    assert run.exit_code == 1
    assert "another model: recorded with old (abababababab)" in " ".join(run.output.split())


def test_a_recording_without_its_end_is_compared_as_far_as_it_goes(
    seen: list[PerceptionResult], tmp_path: Path
) -> None:
    path = record(tmp_path / "exam.mcap", seen)
    path.write_bytes(path.read_bytes()[:-200])
    figures = replay_clip(str(path), tmp_path / "out", False, False, QUIET)
    assert figures["identical"] and figures["cut"] == "the end is missing" and figures["compared"] == FRAMES


def test_a_foreign_recording_is_one_clear_line(tmp_path: Path) -> None:
    Recording(tmp_path / "empty.mcap", {}, {}).close()
    run = CliRunner().invoke(app, ["replay", str(tmp_path / "empty.mcap"), "--out", str(tmp_path / "out")])
    assert run.exit_code == 2 and "no frame of EchoPilot" in " ".join(run.output.split())
    assert not (tmp_path / "out").exists()


def test_episodes_hold_what_was_seen_and_done_at_each_instant(seen: list[PerceptionResult], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow (echopilot[lerobot])")
    path = record(tmp_path / "exam.mcap", seen)
    run = CliRunner().invoke(app, ["record", "export", str(path), "--lerobot", "--out", str(tmp_path / "set")])
    assert run.exit_code == 0, run.output
    info = json.loads((tmp_path / "set/meta/info.json").read_text())
    rows = parquet.read_table(tmp_path / "set" / info["data_path"].format(chunk_index=0, file_index=0)).to_pylist()
    assert info["total_frames"] == len(rows) == FRAMES and info["total_episodes"] == 2 and info["fps"] == 5
    assert set(rows[0]) == set(info["features"])
    assert [row["episode_index"] for row in rows] == [0, 0, 0, 1, 1, 1]
    assert [row["frame_index"] for row in rows] == [0, 1, 2, 0, 1, 2]
    import cv2

    for number, row in enumerate(rows):
        image = cv2.imdecode(np.frombuffer(row["observation.images.ultrasound"]["bytes"], np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(image[:, :, 1], fitted(make_frame(number).image))
        assert row["observation.state"] == pytest.approx([0.1 * number, 0, 0, 0, 0, 0, 1, 5.0, 0.16])
        assert row["action"] == pytest.approx([0.01 * number] * 6 + [5.0])
    episodes = parquet.read_table(tmp_path / "set/meta/episodes/chunk-000/file-000.parquet").to_pylist()
    assert [e["tasks"] for e in episodes] == [
        ["Find the view A4C and hold it"],
        ["Sweep along the vessel of AORTA_TRANS"],
    ]
    assert [(e["dataset_from_index"], e["dataset_to_index"]) for e in episodes] == [(0, 3), (3, 6)]
    pandas = json.loads(parquet.read_schema(tmp_path / "set/meta/tasks.parquet").metadata[b"pandas"])
    assert pandas["index_columns"] == ["task"] and {c["name"] for c in pandas["columns"]} == {"task", "task_index"}
    stats = json.loads((tmp_path / "set/meta/stats.json").read_text())
    assert stats["observation.state"]["mean"][0] == pytest.approx(0.25) and stats["action"]["count"] == [FRAMES]


def test_foxglove_gets_every_message_and_the_pictures_and_its_layout_names_what_is_there(
    seen: list[PerceptionResult], tmp_path: Path
) -> None:
    pytest.importorskip("foxglove", reason="needs foxglove-sdk (echopilot[foxglove])")
    from mcap.reader import make_reader

    path, out = record(tmp_path / "exam.mcap", seen), tmp_path / "foxglove.mcap"
    for expected in (0, 2):  # a file that is there already is not written over
        run = CliRunner().invoke(app, ["record", "export", str(path), "--foxglove", "--out", str(out)])
        assert run.exit_code == expected, run.output
    with path.open("rb") as before, out.open("rb") as after:
        raw = [(c.topic, m.log_time, m.data) for _, c, m in make_reader(before).iter_messages()]
        found = [(s.name, c.topic, m.log_time, m.data) for s, c, m in make_reader(after).iter_messages()]
    assert sorted(raw) == sorted(row[1:] for row in found if not row[0].startswith("foxglove."))
    stamps = [stamp for name, _, stamp, _ in found if name == "foxglove.CompressedImage"]
    assert stamps == [number * FRAME_NS for number in range(FRAMES)]
    assert sum(name == "foxglove.ImageAnnotations" for name, *_ in found) == FRAMES

    layouts = Path(__file__).parents[3] / "ros2_ws/src/echopilot_description/foxglove"
    panels = json.loads((layouts / "echopilot_recording.json").read_text())["configById"].values()
    kinds = {
        "/control/status": "echopilot_msgs/msg/ControlStatus",
        "/safety/state": "echopilot_msgs/msg/SafetyState",
        "/exam/state": "echopilot_msgs/msg/ExamState",
    }
    paths = [entry["value"] for panel in panels for entry in panel.get("paths", [])]
    assert len(paths) == 7
    for value in paths:
        topic, field, *_ = value.split(".")
        assert field in {name for name, _ in STORE.fielddefs[kinds[topic]][1]}, value
