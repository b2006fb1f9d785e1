"""Images and animations through Pillow: PNG and APNG, JPEG, BMP, GIF, WebP, TIFF with pages."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, Jpeg2KImagePlugin, TiffImagePlugin, WebPImagePlugin

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line, read_bounded
from echopilot_perception.frames.frame_times import assumed, of_display
from echopilot_perception.frames.image_sequence import MAX_BYTES, ImageSequence, check_clip, gather, unpacked_limit
from echopilot_perception.frames.readers.gif_blocks import check_whole
from echopilot_perception.frames.readers.samples import eight_bits

FORMATS: tuple[str, ...] = (  # that Image.open may try; never PostScript, which would start another program
    *("PNG", "JPEG", "BMP", "DIB", "GIF", "PPM"),
    *(
        Jpeg2KImagePlugin.Jpeg2KImageFile.format,
        TiffImagePlugin.TiffImageFile.format,
        WebPImagePlugin.WebPImageFile.format,
    ),
)
NAMES = {"GIF": "GIF", "PNG": "APNG", "WEBP": "WebP"}
SUBFILE, REDUCED_OR_MASK = 254, 1 | 4  # TIFF 6.0: NewSubfileType


def read_image_file(path: Path) -> ImageSequence:
    """Read an image, or every frame of an animation or page of a TIFF.

    The durations of an animation count as frame times where they may be those of a scanner; pages have none.
    """
    data = read_bounded(path, MAX_BYTES, path.name)
    limit, durations = unpacked_limit(len(data)), list[float]()
    with opened(data, path.name) as image:
        kind = image.format or ""
        frames = eight_bits(samples(image, data, path.name, limit, durations), path.name, limit)
        gray, colored = gather(frames, path.name, limit)
    if kind in NAMES and len(gray) > 1:
        times = of_display(durations, NAMES[kind])
    else:
        times = assumed(len(gray), "pages of a TIFF have none" if kind == "TIFF" else "images have none")
    return ImageSequence(gray, times, colored)


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Image.Image]:
    """The image in `data`, not decoded yet; errors of Pillow and its decoders become one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ImageFile.LOAD_TRUNCATED_IMAGES = False  # libraries that render pages switch it on for all
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.format == "GIF":
                    check_whole(data, name)
                yield image
    except EchoPilotError:
        raise
    except Exception as error:  # Pillow and its decoders raise every kind for damaged files
        reason = one_line(str(error).replace(repr(io.BytesIO), ""))
        if "cannot identify image file" in reason:
            reason = "its content is of no kind that can be read"
        raise EchoPilotError(f"{name} is not a readable image: {reason}") from error


def count_frames(image: Image.Image) -> int:
    """Frames of an animation or pages of a TIFF; 1 for other images, those beside the main one of a photograph too."""
    return 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))


def samples(
    image: Image.Image, data: bytes, name: str, limit: int, durations: list[float] | None = None
) -> Iterator[NDArray[Any]]:
    """Samples of every frame, (H, W) or (H, W, 3), upright and without transparency; `durations` [s] are filled in."""
    count = count_frames(image)
    check_clip(*image.size, count, limit, name)
    first = 1 if count > 1 and image.info.get("default_image") else 0  # of an APNG, not part of the animation
    for k in range(first, count):
        if k:
            image.seek(k)
            check_clip(*image.size, 1, limit, name)
        if image.format == "TIFF" and count > 1 and int(_tag(image, SUBFILE)) & REDUCED_OR_MASK:
            continue
        wide = _is_wide_color(image)
        image.load()
        if durations is not None:
            durations.append(float(image.info.get("duration") or 0.0) * 1e-3)
        yield _wide_color(data, k, name) if wide else _samples(image)


def _samples(image: Image.Image) -> NDArray[Any]:
    """One frame; levels of one channel stay as wide as they are, others become 8 bits."""
    shown = _turned(image)
    if shown.mode in ("I", "F") or shown.mode.startswith("I;16"):
        wide = np.asarray(shown)
        return wide.astype(wide.dtype.newbyteorder("="))
    if shown.mode == "L" and "transparency" not in shown.info:
        return np.asarray(shown)
    if shown.has_transparency_data:
        return _over_black(np.asarray(shown.convert("RGBA")))
    return np.asarray(shown.convert("L" if shown.mode == "1" else "RGB"))


def _turned(image: Image.Image) -> Image.Image:
    """The image as its Orientation field asks for; as it is where that field is damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # every kind, for damaged EXIF data: the image itself may be whole
        return image


def _over_black(image: NDArray[Any]) -> NDArray[Any]:
    """RGB of an image with opacity as fourth channel, on black."""
    full = float(np.iinfo(image.dtype).max)
    shown = image[..., :3] * (image[..., 3:].astype(np.float32) / full)
    return np.asarray(np.rint(shown), image.dtype)


def _is_wide_color(image: Image.Image) -> bool:
    """Whether a frame holds 16 bits in each of several channels, of which Pillow keeps 8."""
    return image.mode in ("RGB", "RGBA", "LA", "RGBX") and any(
        ";16" in str(tile[3]) for tile in getattr(image, "tile", ())
    )


def _wide_color(data: bytes, frame: int, name: str) -> NDArray[Any]:
    """Frame `frame` with its 16 bits, gray or RGB, through OpenCV; Pillow has checked its size."""
    good, images = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if not good or frame >= len(images):
        raise EchoPilotError(f"{name}: its 16-bit image cannot be decoded")
    image = images[frame]
    if image.ndim == 2:
        return np.asarray(image)
    if image.shape[2] == 4:
        return _over_black(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _tag(image: Image.Image, number: int) -> int:
    tags = getattr(image, "tag_v2", {})
    value = tags.get(number, 0)
    return int(value) if isinstance(value, int) else 0
