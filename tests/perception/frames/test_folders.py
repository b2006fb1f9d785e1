"""Folders are read in natural order, without what systems leave in them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.folder import natural
from echopilot_perception.frames.readers.reading import read_clip


def image(path: Path, level: int) -> None:
    cv2.imwrite(str(path), np.full((40, 50), level, np.uint8))


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    for k in range(1, 13):
        image(tmp_path / f"frame{k}.png", 10 * k)
    assert [int(frame[0, 0]) for frame in read_clip(tmp_path).gray] == [10 * k for k in range(1, 13)]


@pytest.mark.parametrize(
    "names",
    [["a1", "a2", "a10"], ["1", "2", "b"], ["IMG_0009", "IMG_0010"], ["f2_10", "f10_1"], ["B1", "b2"], ["x", "x1"]],
)
def test_the_natural_order(names: list[str]) -> None:
    assert sorted(reversed(names), key=natural) == names


def test_what_systems_leave_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    for k in range(3):
        image(tmp_path / f"{k}.png", 50 + k)
        (tmp_path / f"._{k}.png").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "notes.txt"):
        (tmp_path / name).write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "__MACOSX.png").mkdir()
    found = read_clip(tmp_path)
    assert len(found.gray) == 3 and found.remarks == ()


def test_clips_beside_images_are_said_and_a_clip_among_them_is_refused(tmp_path: Path) -> None:
    for k in range(3):
        image(tmp_path / f"{k}.png", 50 + k)
    (tmp_path / "whole.mp4").write_bytes(b"\0\0\0\1")
    assert read_clip(tmp_path).remarks == ("read 3 images; not read: whole.mp4",)
    pages = [Image.new("L", (50, 40), k) for k in range(2)]
    pages[0].save(tmp_path / "all.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(EchoPilotError, match=r"all\.tif in the folder is a clip of its own"):
        read_clip(tmp_path)


def test_a_folder_with_one_animation_is_that_animation(tmp_path: Path) -> None:
    pages = [Image.new("L", (50, 40), 20 + k) for k in range(3)]
    pages[0].save(tmp_path / "all.gif", save_all=True, append_images=pages[1:], duration=40)
    assert len(read_clip(tmp_path).gray) == 3


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match="holds no image"):
        read_clip(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"\0\0\0\1")
    with pytest.raises(EchoPilotError, match=r"give one of them: a\.mp4, b\.mp4"):
        read_clip(tmp_path)


def test_wide_images_of_a_folder_share_their_scale(tmp_path: Path) -> None:
    for k, level in enumerate((400, 800, 1600)):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.full((40, 50), level, np.uint16))
    assert [int(frame[0, 0]) for frame in read_clip(tmp_path).gray] == [64, 128, 255]
