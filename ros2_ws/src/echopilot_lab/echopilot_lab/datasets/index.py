"""Descriptions in a data set: dataset.json for programs, README.md for people."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import echopilot_sim
from echopilot_core import EchoPilotError, SegmentationClass
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.json_input import read_json
from echopilot_lab.datasets.shard import ShardPlan, shard_name
from echopilot_lab.util.atomic_output import whole_file
from echopilot_lab.util.source_hash import folder_of, source_sha256

INDEX = "dataset.json"
FORMAT = "echopilot-dataset-1"
MADE_WITH = ("format", "first_seed", "views", "frames_per_view", "size_px", "simulator_sha256")
LICENSE = "Apache-2.0, as EchoPilot. Every patient is drawn from random numbers: no person's data is in here."
NOTICE = "Synthetic images. Research only: they say nothing about real patients, and nobody may be treated by them."

README = """# {patients} virtual patients in {views} ultrasound views

Synthetic B-mode images with exact ground truth, made by EchoPilot {version}:

    echopilot dataset --patients {patients} --views {view_list} --frames {frames} --size {size} --seed {seed}

{notice}
{license}

## Files

One tar per patient, `patient_<seed>.tar`, with four files per image:

| name in the tar | what it is |
|---|---|
| `<key>.image.png` | the image, {size} x {size}, 8 bit gray |
| `<key>.exact.png` | the class of every pixel as the anatomy has it, also behind bone and gas |
| `<key>.visible.png` | the same, with SHADOW where no sound arrived: train on this one |
| `<key>.json` | truth of the frame, SI units, lengths in meters |

Images and masks share their pixels: pixel (column, row) lies at `origin_m + pixel_m * (column, row)`, x to the right
and y down from the center of the probe's face. `dataset.json` lists the patients with SHA-256 and the class table.

Tar, PNG and JSON were chosen because every language reads them without our code, one file per patient keeps a
thousand patients at a thousand files and makes splits by patient natural, and the names follow the WebDataset
convention, so that `webdataset.WebDataset("patient_{{0000000..0000999}}.tar").decode("rgb8")` streams them as they are.

    import io, json, tarfile
    import numpy as np
    from PIL import Image

    with tarfile.open("{first}") as tar:
        files = {{m.name: tar.extractfile(m).read() for m in tar}}
    for name in files:
        if name.endswith(".json"):
            key, truth = name[:-5], json.loads(files[name])
            image = np.array(Image.open(io.BytesIO(files[key + ".image.png"])))
            mask = np.array(Image.open(io.BytesIO(files[key + ".visible.png"])))
            print(key, image.shape, np.unique(mask), truth["ejection_fraction"])

## Truth of a frame

`view` is the view asked for, `nearest_view` the one that the probe really stands on (NONE beyond 15 degrees or 15 mm).
`view_errors` holds, per standard view, the angle of the full rotation, the offset along the skin and the motion
(v, w: the logarithm of the transform from the probe to the view). `contact` is 0..1 per element of the array,
`gap_m` its distance to the free skin (negative: pressed in). `aorta` is there where the image cuts the abdominal
aorta: outer and inner diameters under the probe's pressure and unpressed. `lv_volume_m3` is the volume of this frame.

## Classes

{classes}
"""


def settings(plan: ShardPlan, patients: int) -> dict[str, Any]:
    """The index of a data set that begins with the plan, without its shards."""
    return {
        "format": FORMAT,
        "complete": False,
        "first_seed": plan.seed,
        "patients": patients,
        "views": [v.name for v in plan.views],
        "frames_per_view": plan.frames,
        "size_px": plan.size_px,
        "classes": {str(int(t)): t.name for t in SegmentationClass},
        "versions": {name: version(name) for name in ("echopilot", "numpy", "numba", "opencv-python-headless")},
        "simulator_sha256": simulator_sha256(),
        "license": LICENSE,
        "notice": NOTICE,
        "shards": [],
    }


def simulator_sha256() -> str:
    """Hash over the source of the simulator: the same hash and seed give the same patient."""
    return source_sha256(folder_of(echopilot_sim))


def check_index(folder: Path, wanted: dict[str, Any]) -> None:
    """Raise EchoPilotError unless a folder is new, empty, or the same data set in the making."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        found = read_json(folder / INDEX)
        differing = [key for key in MADE_WITH if found.get(key) != wanted[key]]
    except (OSError, ValueError, AttributeError):
        raise EchoPilotError(f"{folder} holds something else than a data set; give a new folder with --out") from None
    for key in differing:
        raise EchoPilotError(
            f"{folder} was begun with {key} {one_line(found.get(key))}, now {wanted[key]}; give a new folder with --out"
        )


def write_index(folder: Path, index: dict[str, Any]) -> None:
    """Write dataset.json and README.md, each whole or not at all."""
    with whole_file(folder / INDEX) as partial:
        partial.write_text(json.dumps(index, indent=1) + "\n")
    classes = "\n".join(f"{number} {name}" for number, name in index["classes"].items())
    text = README.format(
        patients=index["patients"],
        views=len(index["views"]),
        view_list=",".join(index["views"]),
        version=index["versions"]["echopilot"],
        frames=index["frames_per_view"],
        size=index["size_px"],
        seed=index["first_seed"],
        first=shard_name(index["first_seed"]),
        notice=NOTICE,
        license=LICENSE,
        classes=classes.replace("\n", ", "),
    )
    with whole_file(folder / "README.md") as partial:
        partial.write_text(text)


def shard_row(path: Path, seed: int) -> dict[str, Any]:
    """One line of the index about a finished patient."""
    content = path.read_bytes()
    return {"file": path.name, "seed": seed, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
