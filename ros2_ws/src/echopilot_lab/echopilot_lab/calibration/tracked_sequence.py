"""Tracked poses in the header of a MetaImage sequence, with the stamps of its frames."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echopilot_control.calibration.phantom import Flags
from echopilot_core import Array, EchoPilotError, se3
from echopilot_core.guarded.bounded import one_line
from echopilot_perception.frames.image_sequence import MAX_FRAMES
from echopilot_perception.frames.readers.metaimage import split_metaimage

_NOT_RIGID = 2e-3
_POSE = re.compile(r"Seq_Frame[0-9]+_(\w+)Transform")


@dataclass(frozen=True)
class TrackedHeader:
    """Fields of a sequence; frames count from 0, also those without an image."""

    path: Path
    fields: dict[str, str]
    count: int

    @property
    def has_image(self) -> Flags:
        """Frames (N,) with a valid image: the ones that the clip reader keeps."""
        return np.array([self.fields.get(f"Seq_Frame{k:04d}_ImageStatus", "OK") == "OK" for k in range(self.count)])

    def times_s(self) -> Array:
        """Stamps (N,) [s] on the recorder's clock."""
        try:
            times = [float(self.fields[f"Seq_Frame{k:04d}_Timestamp"]) for k in range(self.count)]
        except (KeyError, ValueError) as error:
            raise EchoPilotError(f"{self.path.name}: a frame has no time stamp ({one_line(error, 60)})") from error
        if not np.isfinite(times).all():
            raise EchoPilotError(f"{self.path.name}: a time stamp is not finite")
        return np.array(times)

    def poses(self, name: str) -> tuple[Array, Flags]:
        """`nameTransform` of each frame as T (N, 4, 4) [m] (`ProbeToTracker` maps probe to tracker), and its validity.

        Files hold row-major matrices with millimeters. Rotations are made orthonormal, as trackers
        round them; those further off than 2e-3, and what is called invalid, are the unit matrix here.
        """
        known = sorted({found[1] for found in map(_POSE.fullmatch, self.fields) if found})
        if name not in known:
            raise EchoPilotError(
                f"{self.path.name} has no poses {name!a}; it has {one_line(', '.join(known) or 'none')}"
            )
        T = np.tile(np.eye(4), (self.count, 1, 1))
        valid = np.zeros(self.count, dtype=bool)
        for k in range(self.count):
            key = f"Seq_Frame{k:04d}_{name}Transform"
            if self.fields.get(key + "Status", "OK") != "OK":
                continue
            try:
                found = np.array([float(word) for word in self.fields.get(key, "").split()])
            except ValueError:
                continue
            if found.size == 16 and se3.is_rigid(found.reshape(4, 4), _NOT_RIGID):
                U, _, Vt = np.linalg.svd(found.reshape(4, 4)[:3, :3])
                T[k] = se3.transform(U @ Vt, 1e-3 * found.reshape(4, 4)[:3, 3])
                valid[k] = True
        return T, valid


def read_tracked(path: Path) -> TrackedHeader:
    """Read the header of a sequence; raises EchoPilotError with one line for anything that is none."""
    if not path.is_file():
        raise EchoPilotError(f"{path} is not a file; a MetaImage sequence (.mha) with tracked poses is needed")
    fields, _ = split_metaimage(path)
    size = fields.get("DimSize", "").split()
    if len(size) != 3 or not size[2].isdecimal() or len(size[2]) > 9 or not 0 < int(size[2]) <= MAX_FRAMES:
        raise EchoPilotError(f"{path.name}: DimSize must name width, height and 1 to {MAX_FRAMES} frames")
    return TrackedHeader(path, fields, int(size[2]))
