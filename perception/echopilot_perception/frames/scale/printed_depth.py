"""Depths that a screen prints: a number of one or two digits, perhaps with a decimal, and "cm"."""

import re
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from echopilot_perception.frames.scale.glyphs import SIGNS, Mask, likeness

LARGE_PX = 2400  # long side of the copy in which glyphs are looked for
MOST_TIMES = 3.0  # as large as the still image
LIT = 130  # gray values of letters
HEIGHTS_PX = (10, 110)  # of letters, px of the copy
WIDEST = 2.2  # widths over heights of letters
BASE, GAP = 0.22, 0.9  # letter heights: how far bottoms may differ, and the space between two letters of a word
POINT = 0.34  # letter heights: the largest decimal point
SURE, RIVAL = 0.72, 0.08  # likeness of a sign at least; how much more another one may be like it
LIKE_DIGITS = "lIijtOoQDeSsZzBGgqb"  # letters that are no reason to doubt a digit
LEAST_CM = 1.5  # of a depth
TIE = 0.06  # digits that differ less in likeness cannot be told
LENGTHS = (3, 6)  # signs of a depth
MOST_GLYPHS = 4000
DEPTH = re.compile(r"[1-9]\d?(\.\d)?")


@dataclass(frozen=True)
class _Glyph:
    left: int
    top: int
    right: int
    bottom: int
    mask: Mask

    @property
    def height(self) -> int:
        return self.bottom - self.top


def printed_depths_cm(still: NDArray[np.uint8]) -> list[float]:
    """All numbers of centimeters on a still image (H, W) that may be depths; where a digit cannot be told, each one.

    Speeds and lengths of calipers, with two decimals, are none.
    """
    times = min(LARGE_PX / max(still.shape), MOST_TIMES)
    large = cv2.resize(still, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    words = [word for word in _words(_glyphs(large)) if LENGTHS[0] <= len(word) <= LENGTHS[1]]
    like = likeness([glyph.mask for word in words for glyph in word])
    found, at = set[float](), 0
    for word in words:
        found.update(_numbers(word, like[at : at + len(word)]))
        at += len(word)
    return sorted(found)


def _glyphs(large: NDArray[np.uint8]) -> list[_Glyph]:
    mask = np.asarray(large > LIT, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    found = []
    for k, (left, top, width, height, _) in enumerate(stats.tolist()):
        if k and height <= HEIGHTS_PX[1] and width <= WIDEST * max(height, HEIGHTS_PX[0]) and min(width, height) >= 2:
            part = labels[top : top + height, left : left + width] == k
            found.append(_Glyph(left, top, left + width, top + height, part))
    return sorted(found, key=lambda glyph: glyph.left) if len(found) <= MOST_GLYPHS else []


def _words(glyphs: list[_Glyph]) -> list[list[_Glyph]]:
    """Glyphs on common lines with small gaps, each word once."""
    lefts = np.array([glyph.left for glyph in glyphs])
    following: dict[int, int] = {}
    for i, glyph in enumerate(glyphs):
        size = max(glyph.height, HEIGHTS_PX[0])
        for j in range(i + 1, int(np.searchsorted(lefts, glyph.right + GAP * HEIGHTS_PX[1]))):
            other = glyphs[j]
            tall = max(size, other.height)
            near = -0.2 * tall <= other.left - glyph.right <= GAP * tall
            if near and abs(other.bottom - glyph.bottom) <= BASE * tall and tall >= HEIGHTS_PX[0]:
                following[i] = j
                break
    starts = [i for i in following if i not in set(following.values())]
    words = []
    for start in starts:
        word, i = [glyphs[start]], start
        while i in following and len(word) <= LENGTHS[1]:
            i = following[i]
            word.append(glyphs[i])
        words.append(word)
    return words


def _numbers(word: list[_Glyph], like: NDArray[np.float32]) -> list[float]:
    """Numbers that may stand in front of "cm" in a word of glyphs (N) with their likeness (N, 62)."""
    tall = max(glyph.height for glyph in word)
    signs: list[str] = []  # that each glyph may be
    for k, (glyph, row) in enumerate(zip(word, like, strict=True)):
        if max(glyph.height, glyph.right - glyph.left) <= POINT * tall:
            signs.append(".")
            continue
        allowed = {len(word) - 2: "cC", len(word) - 1: "mM"}.get(k, "0123456789")
        scores = {sign: float(row[SIGNS.index(sign)]) for sign in allowed}
        best = max(scores.values())
        others = (float(score) for sign, score in zip(SIGNS, row, strict=True) if sign not in LIKE_DIGITS)
        if best < SURE or best < max(others) - RIVAL:
            return []
        signs.append("".join(sign for sign, score in scores.items() if score >= best - TIE))
    texts = ("".join(chosen) for chosen in product(*signs[:-2]))
    return [float(text) for text in texts if DEPTH.fullmatch(text) and float(text) >= LEAST_CM]
