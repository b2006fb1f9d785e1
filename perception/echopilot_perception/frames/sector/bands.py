"""Upright bands: the rivals of fans, an image of a linear probe between two upright sides."""

import numpy as np

from echopilot_perception.frames.sector.polar import Field

KEPT = 3  # edges of each side
OUT_PX, IN_PX = (3, 9), (2, 10)
AT_BORDER = 0.3  # support of a side that the screen's own border makes


def band_merit(soft: Field, total: float) -> float:
    """Merit of the best band on a soft mask (H, W) in 0..1, comparable with that of fans."""
    width = soft.shape[1]
    columns = soft.mean(axis=0)
    rise = _step(columns)
    lefts, rights = [0, *_peaks(rise)], [width, *_peaks(-rise)]
    best = -1.0
    for left in lefts:
        for right in rights:
            if right - left >= 0.1 * width:
                best = max(best, _merit(soft, left, right, total))
    return best


def _step(columns: Field) -> Field:
    total = np.concatenate([[0.0], np.cumsum(columns)])
    at, rise = np.arange(6, len(columns) - 6), np.zeros(len(columns), np.float32)
    rise[at] = (total[at + 6] - 2 * total[at] + total[at - 6]) / 6
    return rise


def _peaks(rise: Field) -> list[int]:
    rest, found = rise.copy(), []
    for _ in range(KEPT):
        k = int(np.argmax(rest))
        if rest[k] < 0.05:
            break
        found.append(k)
        rest[max(k - 12, 0) : k + 13] = 0.0
    return found


def _merit(soft: Field, left: int, right: int, total: float) -> float:
    part = soft[:, left:right]
    rows = np.flatnonzero(part.mean(axis=1) > 0.15)
    if len(rows) < 30:
        return -1.0
    first, end = int(rows[0]), int(rows[-1]) + 1
    support, breach = [], []
    for at, turned in ((left, soft), (soft.shape[1] - right, soft[:, ::-1])):
        if at < OUT_PX[1]:
            support.append(AT_BORDER)
            breach.append(0.0)
            continue
        beyond = turned[first:end, at - OUT_PX[1] : at - OUT_PX[0]].mean(axis=1)
        within = turned[first:end, at + IN_PX[0] : at + IN_PX[1]].mean(axis=1)
        support.append(float(np.clip(within - beyond, 0.0, 1.0).mean()))
        breach.append(float(beyond.mean()))
    area = float(part[first:end].sum())
    fill = area / ((end - first) * (right - left))
    explained = min(area / max(total, 1.0), 1.0)
    return 0.4 * min(support) + 0.3 * sum(support) - 1.2 * sum(breach) + 0.3 * fill + 0.9 * float(np.sqrt(explained))
