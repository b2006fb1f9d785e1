"""Gray images of a clip in order: in memory, or of a long clip in a temporary file without a name."""

import mmap
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

HELD_BYTES = 256_000_000  # that are kept in memory


class FrameStore:
    """Takes images (H, W) of one size one by one; what exceeds `held` bytes goes to disk with all before it."""

    def __init__(self, held: int = HELD_BYTES) -> None:
        self._held = held
        self._rows: list[NDArray[np.uint8]] = []
        self._file: IO[bytes] | None = None
        self._count = 0
        self._shape: tuple[int, ...] = ()

    def __len__(self) -> int:
        return self._count

    def add(self, image: NDArray[np.uint8]) -> None:
        """Keep one more image; OSError where the disk is full."""
        self._shape = image.shape
        self._count += 1
        self._rows.append(np.ascontiguousarray(image, dtype=np.uint8))
        if self._file is None and self._count * image.size > self._held:
            self._file = TemporaryFile()  # noqa: SIM115 - lives as long as its images
        if self._file is not None:
            for row in self._rows:
                self._file.write(row.data)
            self._rows.clear()

    def stack(self) -> NDArray[np.uint8]:
        """All images (N, H, W); the store is empty afterwards. Those in a file are mapped, changes stay in memory."""
        if self._file is not None:
            self._file.flush()
            return np.memmap(self._file, np.uint8, "c", shape=(self._count, *self._shape))
        stack = np.empty((self._count, *self._shape), np.uint8)
        for k, row in enumerate(self._rows):
            stack[k], self._rows[k] = row, row[:0]  # never all images twice in memory
        return stack


def let_go(images: NDArray[np.uint8]) -> None:
    """Give back the memory of mapped images that were looked at; they are read from their file when asked for again."""
    mapped = getattr(images, "_mmap", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
