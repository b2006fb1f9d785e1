"""Crop and scale of live images: from a calibration image, from the source's own pixel size, or from a stated depth."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import EchoPilotError, Frame, SectorBox
from echopilot_perception.frames.clip import open_clip
from echopilot_perception.frames.frame_times import assumed
from echopilot_perception.frames.image_placement import ImagePlacement, check_depth, exchange_sides, place_images
from echopilot_perception.frames.image_sequence import ImageSequence, gather
from echopilot_perception.frames.readers.plus_fields import spacing_region
from echopilot_scanner.interface import SourceImage

SEARCHED = 8  # images in which the sector is looked for: their motion tells it from the screen


class ImagePlacer:
    """Makes frames of images: gray, cut to the sector's box, with geometry.

    The sector is looked for in the first eight images, and again whenever the size of the images, the size of their
    pixels or the stated depth changes. A calibration image (any clip with a scale, or with `depth_m`) fixes it instead.
    """

    def __init__(self, depth_m: float | None = None, mirror: bool = False, calibration: Path | None = None) -> None:
        """EchoPilotError for a depth that is none of ultrasound, and for a calibration image without a scale."""
        if depth_m is not None:
            check_depth(depth_m)
        self._depth_m = depth_m
        self._mirror = mirror
        self._fixed: ImagePlacement | None = None
        self._fixed_shape: tuple[int, ...] = ()
        self._placement: ImagePlacement | None = None
        self._kind: object = None  # size and scale of the images that `_placement` is for
        self._seen: list[NDArray[np.uint8]] = []
        if calibration is not None:
            clip = open_clip(calibration, depth_m, mirror)
            if not clip.spacing_known:
                raise EchoPilotError(f"calibration image {calibration.name} has no scale; give its depth_m with it")
            self._fixed = ImagePlacement(clip.geometry, clip.sector, clip.imaging, True)
            self._fixed_shape = clip.images.shape[1:]

    @property
    def waits_for(self) -> str:
        """Reason why images do not become frames yet; empty when they do."""
        if self._seen:
            return f"the sector is looked for in {SEARCHED} images that differ; {len(self._seen)} came so far"
        return ""

    def set_depth(self, depth_m: float) -> None:
        """Look for the sector anew, with this depth of it [m]; EchoPilotError for one that is none of ultrasound."""
        check_depth(depth_m)
        self._depth_m, self._fixed, self._kind = depth_m, None, None

    def frame(self, image: SourceImage, sequence: int) -> Frame | None:
        """The frame of an image; None while the sector is looked for.

        Raises EchoPilotError where images do not have the size of the calibration image.
        """
        placement = image.placement or self._placed(image)
        if placement is None:
            return None
        pixels = gray(image.pixels)
        if self._mirror and image.placement is None:
            pixels = np.asarray(pixels[:, ::-1])
        box, geometry = placement.sector, placement.geometry
        cut = np.ascontiguousarray(pixels[box.top_px : box.bottom_px, box.left_px : box.right_px])
        moved = replace(
            geometry,
            origin_u_px=geometry.origin_u_px - box.left_px,
            origin_v_px=geometry.origin_v_px - box.top_px,
        )
        whole = SectorBox(0, 0, cut.shape[1], cut.shape[0])
        return Frame(image.stamp_ns, sequence, cut, moved, whole, placement.imaging, image.steady_ns)

    def _placed(self, image: SourceImage) -> ImagePlacement | None:
        if self._fixed is not None and image.spacing_m is None:
            if image.pixels.shape[:2] != self._fixed_shape:
                raise EchoPilotError(
                    f"images of {_size(image.pixels.shape)} px; the calibration image has {_size(self._fixed_shape)}"
                )
            return self._fixed
        kind = (image.pixels.shape, image.spacing_m)
        if kind != self._kind:
            self._kind, self._placement, self._seen = kind, None, []
        if self._placement is None:
            if self._seen and np.array_equal(self._seen[-1], image.pixels):
                return None
            self._seen.append(image.pixels)
            if len(self._seen) == SEARCHED:
                self._placement, self._seen = self._searched(image), []
        return self._placement

    def _searched(self, image: SourceImage) -> ImagePlacement:
        pixels, colored = gather(self._seen, "the live image")
        height, width = pixels.shape[1:]
        region = None
        if image.spacing_m is not None:
            region = spacing_region(1e3 * image.spacing_m[0], 1e3 * image.spacing_m[1], width, height)
        images = ImageSequence(pixels, assumed(len(pixels)), colored, region)
        if self._mirror:
            images = exchange_sides(images)
        return place_images(images, self._depth_m if region is None else None, self._mirror)


def gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray (H, W) of gray or RGB pixels."""
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
