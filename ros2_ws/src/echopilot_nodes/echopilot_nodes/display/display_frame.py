"""A frame with its result and pose, and the images that are made of it, each at most once."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_core import Array, Frame, PerceptionResult, SegmentationClass
from echopilot_report.images.overlay import PALETTE_RGB, labels_on_image
from echopilot_report.page.live.image import JPEG_QUALITY, outlines


@dataclass(frozen=True)
class DisplayFrame:
    """`result` is that of the frame, None where it is not known yet; `T_base_probe` (4, 4) the pose at its stamp."""

    frame: Frame
    result: PerceptionResult | None = None
    T_base_probe: Array | None = None

    @cached_property
    def jpeg(self) -> bytes:
        """The image as a JPEG file."""
        return encoded(self.frame.image)

    @cached_property
    def overlay(self) -> NDArray[np.uint8]:
        """The image (H, W, 3) in RGB with the outlines of all classes; without a result it has none."""
        image = np.repeat(self.frame.image[:, :, None], 3, axis=2)
        if self.result is None:
            return image
        for name, flat in outlines(self.result.label_map, self.frame.geometry):
            points = np.array(flat).reshape(-1, 2)
            color = PALETTE_RGB[SegmentationClass[str(name)]]
            cv2.polylines(image, [np.rint(points * 16).astype(np.int32)], True, color, 1, cv2.LINE_AA, shift=4)
        return image

    @cached_property
    def overlay_jpeg(self) -> bytes:
        """The overlay as a JPEG file."""
        return encoded(self.overlay[:, :, ::-1])

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Class of every pixel (H, W); 0 everywhere without a result."""
        rows, columns = self.frame.image.shape
        if self.result is None:
            return np.zeros((rows, columns), np.uint8)
        return labels_on_image(self.result.label_map, self.result.geometry, (rows, columns))


def encoded(image: NDArray[np.uint8]) -> bytes:
    """JPEG file of a gray (H, W) or BGR (H, W, 3) image."""
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(jpeg)
