"""The bank of scanner styles, from unlabeled real images (`echopilot tune styles`)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from echopilot_core import Array, EchoPilotError
from echopilot_perception.frames import open_clip, to_network
from echopilot_perception.training.augmentation.style_bank import StyleBank, style_of

SOURCES = (
    "real_dev/*",
    "abdominal/*.mp4",
    "vascular/images/*",
    "cases/jpegxl*.dcm",
    "cases/palette*.dcm",
    "cases/j2k*.dcm",
    "other_organs/*.dcm",
    "other_organs/*.mp4",
    "cardiac/plax_colour_doppler_cine_philips.dcm",
    "cardiac/*.png",
)
"""Below the folder of ultrasound data. Not among them: what is kept to be measured on, air, phantoms."""
FRAMES = 3  # of a clip, evenly over it


def make_bank(data: Path, console: Console) -> StyleBank:
    """Styles of the images of SOURCES below `data`; files that cannot be read are named and left out.

    Raises EchoPilotError when there are none.
    """
    paths = sorted(path for pattern in SOURCES for path in data.glob(pattern) if path.is_file())
    styles = []
    for path in track(paths, description="styles", console=console):
        try:
            styles += [style for style in map(style_of, _images(path)) if style is not None]
        except EchoPilotError as error:
            console.print(f"left out: {error}", highlight=False)
    if not styles:
        raise EchoPilotError(f"{data} holds none of {', '.join(SOURCES)}")
    quantiles, amplitudes = (np.stack(column).astype(np.float32) for column in zip(*styles, strict=True))
    return StyleBank(quantiles, amplitudes)


def _images(path: Path) -> Iterator[Array]:
    clip = open_clip(path)
    chosen = sorted({round(i) for i in np.linspace(0, len(clip) - 1, min(FRAMES, len(clip)))})
    for i, frame in enumerate(clip.frames()):
        if i in chosen:
            yield np.asarray(to_network(frame), np.float64)
