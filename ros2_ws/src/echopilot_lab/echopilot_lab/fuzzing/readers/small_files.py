"""Small valid files of every kind beside the exam record, made in memory."""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from echopilot_control.calibration.record import CalibrationRecord
from echopilot_control.search.view_pose_model import joint_view_poses
from echopilot_core.paths import share_file
from echopilot_exam.record.images import png
from echopilot_exam.record.recording import Recording
from echopilot_perception.model import read_manifest
from echopilot_perception.ood import FeatureStatistics
from echopilot_perception.training.samples import Sample, stack
from echopilot_wire.definitions import definition

SIDE = 40
PASSWORD_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b0dWRWJTmaaJObG"
MARKED_ZONES = b"left_breast 0.08 0.05 0.05; drain -0.1 -0.15 0.02"


@lru_cache(maxsize=1)
def small_files() -> Mapping[str, bytes]:
    """Content by kind."""
    return {name: make() for name, make in _MAKERS.items()}


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1).encode()


def _npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def _calibration() -> bytes:
    record = CalibrationRecord(
        "probe", "2026-01-01T00:00:00+00:00", {"a.mha": "0" * 64}, {"spacing_m_px": [1e-4, 1e-4]}, {"rms_m": 4e-4}
    )
    return _json({**asdict(record), "sha256": record.sha256()})


def _wires() -> bytes:
    rows = [[f"{name}{k}" for name in "lmr"] for k in range(2)]
    ends = {n: [[10.0 * j, 5.0 * k, 0.0], [10.0 * j + (8.0 if j == 1 else 0.0), 5.0 * k, 40.0]]
            for k, row in enumerate(rows) for j, n in enumerate(row)}  # fmt: skip
    rest = {"phantom_registration_error_mm": 0.3, "pixel_spacing_mm_from_an_earlier_calibration": {"x": 0.1, "y": 0.1}}
    return _json({"wires_front_back": ends, "n_patterns": rows, "phantom_to_reference": np.eye(4).tolist(), **rest})


def _statistics() -> bytes:
    shapes: dict[str, tuple[int, ...]] = {
        "mean": (8,), "whitening": (8, 3), "weights": (3,), "bias": (1,), "median": (2,), "p99": (2,),
    }  # fmt: skip
    return _npz(**{f.name: np.ones(shapes[f.name], np.float32) for f in fields(FeatureStatistics)})


def _view_poses() -> bytes:
    found = joint_view_poses()
    arrays = {name: getattr(found, name).astype(np.float32) for name in ("mean", "covariance", "errors")}
    return _npz(views=np.array([int(v) for v in found.views], np.int16), **arrays)


def _shard() -> bytes:
    out, image = io.BytesIO(), png(np.arange(SIDE * SIDE, dtype=np.uint32).reshape(SIDE, SIDE).astype(np.uint8))
    with tarfile.open(fileobj=out, mode="w") as tar:
        for key in ("p1_A4C_000", "p1_A4C_001"):
            for part in ("image.png", "exact.png", "visible.png", "json"):
                content = _json({"key": key, "view": "A4C"}) if part == "json" else image
                member = tarfile.TarInfo(f"{key}.{part}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _samples() -> bytes:
    image, labels = np.zeros((256, 256), np.uint8), np.zeros((128, 128), np.uint8)
    samples = stack([Sample(image, labels), Sample(image, labels)])
    return _npz(**{f.name: getattr(samples, f.name) for f in fields(samples)})


def _mnist() -> bytes:
    return _npz(train_images=np.full((2, 28, 28), 90, np.uint8), train_labels=np.zeros((2, 1), np.uint8))


def _voxels() -> bytes:
    parts: dict[str, Any] = {}
    for name, values in (
        ("still", np.zeros((4, 5, 6), np.uint8)),
        ("beat", np.zeros((2, 4, 5, 6), np.uint8)),
        ("carry", np.zeros((2, 4, 5, 6), np.float16)),
    ):
        parts |= {f"{name}_values": values, f"{name}_origin_m": np.zeros(3), f"{name}_spacing_m": np.array(0.01)}
    heart = {"heart_apex_m": np.zeros(3), "heart_rotation": np.eye(3), "heart_shift_m": np.array(0.01)}
    return _npz(seed=np.array(1), views=np.array(["A4C"], "U16"), poses=np.eye(4)[None], **parts, **heart)


def _tracked() -> bytes:
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "CompressedData = False",
        "DimSize = 32 32 3",
        "ElementType = MET_UCHAR",
    ]
    for k in range(3):
        lines += [
            f"Seq_Frame{k:04d}_Timestamp = {10.0 + 0.1 * k}",
            f"Seq_Frame{k:04d}_ProbeToTrackerTransform = 1 0 0 {k} 0 1 0 0 0 0 1 0 0 0 0 1",
            f"Seq_Frame{k:04d}_ProbeToTrackerTransformStatus = OK",
        ]
    return ("\n".join([*lines, "ElementDataFile = LOCAL"]) + "\n").encode() + bytes(32 * 32 * 3)


def _recording() -> bytes:
    name = "echopilot_msgs/msg/SafetyState"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "exam.mcap"
        recording = Recording(path, {"exam": {"patient_id": "P-0001"}}, {"protocol.yaml": b"steps: []\n"})
        channel = recording.channel("safety/state", name, definition(name))
        for k in range(20):
            recording.write(channel, k * 10_000_000, bytes([0, 1, 0, 0]) + bytes(200))
        recording.close()
        return path.read_bytes()


def _tracings() -> bytes:
    rows = [f"a.avi,{10 + k},{20 + k},{30 + k},{25 + k},{frame}" for frame in (0, 2) for k in range(5)]
    return ("FileName,X1,Y1,X2,Y2,Frame\n" + "\n".join(rows) + "\n").encode()


def _urdf(name: str) -> Callable[[], bytes]:
    return lambda: share_file("echopilot_description", f"urdf/{name}.urdf").read_bytes()


_MAKERS: dict[str, Callable[[], bytes]] = {
    "calibration": _calibration,
    "wires": _wires,
    "zones": lambda: MARKED_ZONES,
    "urdf": _urdf("echopilot_arm"),
    "urdf_ur5e": _urdf("echopilot_ur5e_like"),
    "world": lambda: share_file("echopilot_description", "worlds/bench.sdf").read_bytes(),
    "model": lambda: (read_manifest().folder / "model.yaml").read_bytes(),
    "statistics": _statistics,
    "view_poses": _view_poses,
    "shard": _shard,
    "samples": _samples,
    "mnist": _mnist,
    "voxels": _voxels,
    "tracked": _tracked,
    "recording": _recording,
    "passwords": lambda: _json({"passwords": {"operator": PASSWORD_HASH, "viewer": PASSWORD_HASH}}),
    "classes": lambda: _json({"labels": {"1": "aorta", "2": "liver", "3": "heart"}}),
    "camus": lambda: b"ED: 1\nES: 20\nNbFrame: 20\nSex: F\nAge: 68\nImageQuality: Good\nEF: 56.5\nFrameRate: 50.0\n",
    "file_list": lambda: b"FileName,EF,ESV,EDV,Split\na.avi,60,40,100,TRAIN\nb.avi,30,90,130,VAL\n",
    "tracings": _tracings,
    "labels": lambda: b"file,view,foreign,effusion,note\na.mp4,A4C,0,1,\nb.png,NONE,1,,spectrum\n",
    "outlines": lambda: _json({"image": "a.mp4", "frames": {"0": {"phase": "ED", "LV": [[1, 2], [30, 4.5], [8, 40]]}}}),
    "mask": lambda: png(np.zeros((SIDE, SIDE), np.uint8)),
    "still": lambda: png(np.random.default_rng(0).integers(60, 200, (SIDE, SIDE)).astype(np.uint8)),
    "label_table": lambda: b"file,patient,view\n1.png,a,A4C\n2.png,b,NONE\n",
    "coco": lambda: _json({"images": [{"id": 1, "file_name": "1.png"}], "categories": [{"id": 1, "name": "LV"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[2, 2, 30, 2, 30, 30]]}]}),
    "trial": lambda: _json({"made_with": {"model_sha256": "0"}, "views": {"A4C": {"reached": 1}}, "seed": 600000}),
    "runs": lambda: b'{"code": "0", "seed": 1, "faults": [], "reasons": []}\n' * 3,
    "index": lambda: _json({"patients": 2, "first_seed": 1, "frames_per_view": 4, "size_px": 256, "views": ["A4C"]}),
}  # fmt: skip
