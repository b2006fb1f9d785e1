"""A long clip is read through a file and is the same clip."""

import numpy as np
import pytest

from echopilot_perception.frames.frame_store import FrameStore, let_go

IMAGES = np.random.default_rng(3).integers(0, 255, (40, 64, 80), dtype=np.uint8)


def stored(held: int) -> np.ndarray:
    store = FrameStore(held)
    for image in IMAGES:
        store.add(image)
    return store.stack()


@pytest.mark.parametrize("held", [0, 10 * 64 * 80, 10**9])
def test_images_are_the_same_in_memory_and_in_a_file(held: int) -> None:
    found = stored(held)
    assert isinstance(found, np.memmap) == (held < IMAGES.nbytes)
    np.testing.assert_array_equal(found, IMAGES)


def test_images_are_there_again_after_their_memory_was_given_back() -> None:
    found = stored(0)
    for k in (3, 17, 3):
        np.testing.assert_array_equal(found[k], IMAGES[k])
        let_go(found)
    np.testing.assert_array_equal(found[::-1][:, ::2], IMAGES[::-1][:, ::2])
    let_go(IMAGES)  # of images in memory nothing is given back


def test_mapped_images_take_no_memory_once_they_were_let_go() -> None:
    store, image = FrameStore(0), np.full((1000, 1000), 7, np.uint8)
    for _ in range(120):
        store.add(image)
    found = store.stack()
    before = _resident_mb()
    for each in found:
        assert each[500, 500] == 7 and int(each.sum()) == 7_000_000
        let_go(found)
    assert _resident_mb() - before < 40


def _resident_mb() -> float:
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1e3 for line in status if line.startswith("VmRSS"))
