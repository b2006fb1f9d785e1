"""Real images as training samples: a few whose view is known, and others that show neither heart nor aorta."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console

from echopilot_core import EchoPilotError, View
from echopilot_perception import grid
from echopilot_perception.frames import open_clip, to_network
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.training import Sample

VIEWS = {
    "real_dev/echopedia_a4c_normal.mp4": View.A4C,
    "cardiac/a4c_frame_with_sector_annotation.png": View.A4C,
    "cardiac/plax_colour_doppler_cine_philips.dcm": View.PLAX,
    "cases/palette_jpegls_plax_colour_lowgain.dcm": View.PLAX,
    "cases/jpegxl_a3c_colour_vivid_e95.dcm": View.A3C,
    "real_dev/echocardiography-5.png": View.SC4C,
    "real_dev/aorta-ultrasound-3.png": View.AORTA_TRANS,
    "real_dev/aorta-ultrasound-5.png": View.AORTA_LONG,
}
FOREIGN = (
    "real_dev/lung-*.png",
    "real_dev/gallbladder-*.png",
    "real_dev/fast-*.png",
    "real_dev/dcm4che-*.dcm",
    "vascular/images/*.png",
    "phantom/*.png",
    "phantom/*.dcm",
    "phantom/Spine*.mha",
    "no_contact/*",
    "other_organs/*",
    "abdominal/*.mp4",
)
"""Below the folder of ultrasound data. What is kept to be measured on is in neither."""
FRAMES = 24  # of a clip, evenly over it


def read_real(data: Path, console: Console) -> Iterator[Sample]:
    """Samples of both kinds below `data`; a file that is absent or cannot be read is named and left out."""
    for name, view in VIEWS.items():
        yield from _samples(data / name, view, console)
    for path in sorted(path for pattern in FOREIGN for path in data.glob(pattern)):
        yield from _samples(path, View.NONE, console)


def _samples(path: Path, view: View, console: Console) -> Iterator[Sample]:
    try:
        clip = open_clip(path)
    except EchoPilotError as error:
        console.print(f"left out: {error}", highlight=False)
        return
    chosen = {round(i) for i in np.linspace(0, len(clip) - 1, min(FRAMES, len(clip)))}
    unknown = np.full((grid.CELLS, grid.CELLS), UNKNOWN_LABEL, np.uint8)
    for i, frame in enumerate(clip.frames()):
        if i in chosen:
            image = np.round(to_network(frame) * 255.0).astype(np.uint8)
            yield Sample(image=image, labels=unknown, view=int(view))
