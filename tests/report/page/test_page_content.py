"""What the page shows: outlines where the labels are, the probe where it stands, valid JSON, nothing from elsewhere."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from echopilot_core import (
    BodyLandmarks,
    ControlGoal,
    EchoPilotError,
    ExamPhase,
    ExamStatus,
    FindingKind,
    Frame,
    GoalKind,
    LabelMap,
    PerceptionResult,
    ProbeGeometry,
    ProbeKind,
    SectorBox,
    SegmentationClass,
    SuspicionOutcome,
    SuspicionStatus,
    View,
)
from echopilot_report.page.access import accounts
from echopilot_report.page.access.roles import Role
from echopilot_report.page.app import WEB
from echopilot_report.page.live import state as live
from echopilot_report.page.live.image import PALETTE_HEX, packed, unpacked
from echopilot_report.page.live.torso import Coverage, chart_of, pose_on

GEOMETRY = ProbeGeometry(ProbeKind.PHASED, 0.0, 1.57, 0.019, 0.16, 0.0008, 0.0008, 144.0, 4.0, 2.5e6)


def seen_with(labels: LabelMap) -> PerceptionResult:
    views = np.full(len(View), 0.0)
    views[View.A4C] = 1.0
    return PerceptionResult(
        stamp_ns=5, sequence=7, geometry=GEOMETRY, label_map=labels, extents=(), view_probability=views, quality=0.8,
        coupling=np.ones(16), ood_score=math.nan, guidance=(), landmarks=(), boxes=(), findings=(), measurements=(),
        model_id="m", model_sha256="0", latency_s=0.01,
    )  # fmt: skip


def test_outlines_lie_where_the_labels_are():
    labels = np.zeros((128, 128), np.uint8)
    rows, columns = np.mgrid[:128, :128]
    labels[(rows - 60) ** 2 + (columns - 70) ** 2 < 20**2] = SegmentationClass.LV
    grid = LabelMap(labels, -0.08, 0.0, 0.00125)
    image = np.random.default_rng(1).integers(0, 255, (207, 288), dtype=np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 2.0)
    frame = Frame(5, 7, image, GEOMETRY, SectorBox(5, 5, 283, 202))
    header, jpeg = unpacked(packed(frame, seen_with(grid)))
    [[name, flat]] = header["outlines"]
    center_px = ((-0.08 + 70 * 0.00125) / 0.0008 + 144.0, 60 * 0.00125 / 0.0008 + 4.0)
    radii_px = [math.dist(center_px, point) for point in zip(flat[::2], flat[1::2], strict=True)]
    assert name == "LV"
    assert all(abs(radius - 20 * 0.00125 / 0.0008) < 2.5 for radius in radii_px)
    assert header["view"] == "A4C" and header["foreign"] is None
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.abs(shown.astype(int) - image).mean() < 2.0


def test_the_colors_of_page_and_report_have_the_same_names():
    named = set(re.findall(r"(\w+): \"#", (WEB / "image.js").read_text()))
    assert named == set(PALETTE_HEX) - {"SHADOW", "LIVER"}


def test_the_probe_is_drawn_where_it_stands():
    notch, xiphoid, navel = (np.array(p) for p in ([0.46, 0.18, 0.18], [0.5, 0.0, 0.2], [0.5, -0.19, 0.19]))
    landmarks = BodyLandmarks(0, notch, xiphoid, navel)
    chart = chart_of(landmarks)
    assert chart is not None
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])  # looks down, marker along +x of base
    pose[:3, 3] = navel
    shown = pose_on(chart, pose)
    assert 150.0 < shown["at"][1] < 200.0, "the navel lies below the xiphoid"
    assert math.hypot(*shown["marker"]) == pytest.approx(1.0, abs=1e-3)
    assert np.allclose(shown["beam"], 0.0, atol=1e-3)
    pose[:3, 3] = xiphoid + 0.1 * np.cross([0.0, 0.0, 1.0], (navel - notch) / np.linalg.norm(navel - notch))
    assert pose_on(chart, pose)["at"][0] == pytest.approx(100.0, abs=1.0), "the patient's left is +x"
    assert chart_of(replace(landmarks, navel_m=notch)) is None


def test_only_contact_covers():
    coverage = Coverage()
    assert not coverage.add(np.array([0.0, 0.0]), 0.2, 0.9)
    assert not coverage.add(np.array([0.0, 0.0]), math.nan, 0.9)
    assert coverage.add(np.array([0.0, 0.0]), 5.0, 0.3)
    assert coverage.add(np.array([0.001, 0.0]), 5.0, 0.8)
    assert coverage.cells() == [0.0, 0.0, 0.8]


def test_a_state_without_numbers_is_valid_json():
    nothing = live.Now(None, None, None, None, *([math.nan] * 4), frozen=False, pose=None)

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    state = json.loads(live.state_message(nothing), parse_constant=refuse)
    assert state["force"]["now"] is None and state["exam"] is None


def test_the_password_file_is_for_its_owner_alone(tmp_path):
    store = tmp_path / "conf" / "page.json"
    accounts.set_password(store, Role.OPERATOR, "long enough for this")
    assert store.stat().st_mode & 0o777 == 0o600 and "long enough" not in store.read_text()
    hashes = accounts.read_store(store)
    assert accounts.is_right(hashes, Role.OPERATOR, "long enough for this")
    assert not accounts.is_right(hashes, Role.OPERATOR, "long enough for that")
    assert not accounts.is_right(hashes, Role.VIEWER, "long enough for this")
    store.chmod(0o640)
    with pytest.raises(EchoPilotError, match="chmod 600"):
        accounts.read_store(store)
    with pytest.raises(EchoPilotError, match="12 to"):
        accounts.hashed("short")
    with pytest.raises(EchoPilotError, match="viewer, operator, service"):
        accounts.role_named("admin")


@pytest.mark.parametrize("file", sorted(WEB.iterdir()), ids=lambda file: file.name)
def test_the_page_loads_nothing_from_elsewhere_and_needs_no_inline_code(file: Path):
    text = file.read_text()
    assert set(re.findall(r"https?://[^\"'`\s)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|\beval\(|innerHTML", text)


def test_foxglove_may_look_but_not_touch():
    pytest.importorskip("foxglove", reason="needs foxglove-sdk")
    from websockets.sync.client import connect

    from echopilot_report.page.live.foxglove_server import FoxgloveLive

    server = FoxgloveLive(0)
    try:
        with connect(f"ws://127.0.0.1:{server.port}", subprotocols=["foxglove.sdk.v1"]) as socket:
            hello, topics = json.loads(socket.recv(timeout=10)), json.loads(socket.recv(timeout=10))
        assert hello["capabilities"] == []
        assert {channel["topic"] for channel in topics["channels"]} == {"bmode", "outlines", "state"}
    finally:
        server.close()


def test_the_state_tells_of_every_suspicion_with_outcome_and_reason():
    told = SuspicionStatus(
        FindingKind.ANEURYSM_ABDOMINAL, SuspicionOutcome.WITHDRAWN, "sweep 31.0 mm, second pass 24 mm"
    )
    exam = ExamStatus(0, 0, True, ExamPhase.SWEEP, ControlGoal(1, GoalKind.SWEEP), suspicions=(told,))
    now = live.Now(exam, None, None, None, math.nan, math.nan, math.nan, math.nan, False, None)
    (row,) = json.loads(live.state_message(now))["exam"]["suspicions"]
    assert row == {"what": "ANEURYSM_ABDOMINAL", "outcome": "WITHDRAWN", "text": told.text}
    script, page = ((WEB / name).read_text() for name in ("panels.js", "index.html"))
    assert 'id="looks"' in page and all(f"{outcome.name}: [" in script for outcome in SuspicionOutcome)
