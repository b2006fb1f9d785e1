"""Center line of a tubular label from one end to the other: along voxels, then through the centers of sections."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, label
from scipy.signal import savgol_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from echopilot_core import Array, EchoPilotError
from echopilot_sim.anatomy.ct.sections import Sections, cut

Mask = NDArray[np.bool_]

SMOOTHING_VOXELS = 0.7  # standard deviation of the blur that makes a label a partial-volume field
_STEP_M = 0.002
_WINDOW_M, _WINDOW_RADII = 0.018, 1.6  # least of the Savitzky-Golay filters; of the course of a wide vessel
_ROUNDS = 5
_LEAST_LENGTH = 3.0  # in radii of the tube of the same volume; a ball has 2.8
_END_BLURS, _END_SHARE = 1.2, 0.15  # margin at a cut end, in blurs and in radii
_STEPS = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) > (0, 0, 0)]


def largest_piece(mask: Mask) -> Mask:
    """The connected piece (26 neighbors) with the most voxels."""
    pieces, count = label(mask, np.ones((3, 3, 3)))
    if count <= 1:
        return mask
    return np.asarray(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))


def measure(mask: Mask, T_patient_voxel: Array, name: str) -> Sections:
    """Center line and perpendicular sections, about 2 mm apart, of the largest piece of a label (nx, ny, nz).

    Areas come from the integral of the blurred label over the section, which the blur does not change: no threshold
    and no bias by voxel size. Raises EchoPilotError for a label that is too small or not longer than wide.
    """
    piece = largest_piece(mask)
    spacing = np.linalg.norm(T_patient_voxel[:3, :3], axis=0)
    voxels = np.argwhere(piece)
    low = np.maximum(voxels.min(axis=0) - 8, 0)
    high = np.minimum(voxels.max(axis=0) + 9, mask.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    T = T_patient_voxel.copy()
    T[:3, 3] += T[:3, :3] @ low
    piece = piece[box]
    if len(voxels) < 30:
        raise EchoPilotError(f"labels: {name} has {len(voxels)} voxels in one piece; a vessel needs 30 or more")
    way = _voxel_path(piece, spacing)
    ends = way[[0, -1]] + low
    at_border = ((ends < 1.5) | (ends > np.array(mask.shape) - 2.5)).any(axis=1)
    path = way @ T[:3, :3].T + T[:3, 3]
    radius = np.sqrt(len(voxels) * np.prod(spacing) / (np.pi * max(_length(path), 1e-3)))
    if _length(path) < _LEAST_LENGTH * radius:
        raise EchoPilotError(
            f"labels: {name} is {1e3 * _length(path):.0f} mm long and {2e3 * radius:.0f} mm wide; that is no tube"
        )
    field = gaussian_filter(piece.astype(np.float32), SMOOTHING_VOXELS, mode="nearest")
    return _refine(field, T, path, radius, (bool(at_border[0]), bool(at_border[1])))


def _refine(field: NDArray[np.float32], T: Array, path: Array, radius: float, at_border: tuple[bool, bool]) -> Sections:
    """Move the course to the centers of its sections until both agree.

    Meanwhile it reaches straight to both ends of the label; in the end the sections that an end inside the volume
    cuts are left out, those cut by the border of the volume get the size of their neighbors.
    """
    blur_m = SMOOTHING_VOXELS * float(np.linalg.norm(T[:3, :3], axis=0).mean())
    line = even(_smooth(even(path, _STEP_M), max(2.0 * radius, _WINDOW_M)), _STEP_M)
    sections = cut(field, T, line, np.full(len(line), radius), blur_m)
    margin = round((_END_BLURS * blur_m + _END_SHARE * radius) / _STEP_M)
    window = max(_WINDOW_RADII * radius, _WINDOW_M)
    for _ in range(_ROUNDS):
        whole = _without_ends(_complete(sections, 0.95), margin)
        line = even(_to_ends(_smooth(sections.centre_m[whole], window), path, radius), _STEP_M)
        near = np.abs(np.linspace(0, 1, len(line))[:, None] - np.linspace(0, 1, len(sections.centre_m))).argmin(axis=1)
        sections = cut(field, T, line, sections.radius_m[near], blur_m)
    inside = np.flatnonzero(_complete(sections, 0.90))
    part = slice(0 if at_border[0] else inside[0], None if at_border[1] else inside[-1] + 1)
    whole = _without_ends(_complete(sections, 0.95), margin)
    return sections.kept(line, whole, part, _window(line, _WINDOW_M))


def _without_ends(whole: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """Whole sections less those within a margin of one that is cut: the blur and a slanting end reach that far."""
    at, n = np.flatnonzero(whole), whole.size
    first, last = at[0] + margin * bool(at[0] > 0), at[-1] - margin * bool(at[-1] < n - 1)
    out = np.zeros(n, dtype=bool)
    out[first : last + 1] = True
    return out if last - first > 2 else whole


def _complete(sections: Sections, share: float) -> NDArray[np.bool_]:
    """Sections whose centers go forward and whose area is at least a share of that farther in."""
    area = sections.area_m2
    usual = np.median(area)
    n = len(area)
    step = np.diff(sections.centre_m, axis=0)
    ahead = (step * np.diff(sections.line_m, axis=0)).sum(axis=1) / _STEP_M > 0.4 * _STEP_M
    good = (area > 0.3 * usual) & np.append(ahead, True) & np.insert(ahead, 0, True)
    reach = max(int(1.5 * np.sqrt(usual / np.pi) / _STEP_M), 2)
    inner = slice(reach, n - reach) if n > 3 * reach else slice(n // 3, n - n // 3)
    first, last = np.median(area[inner][: 2 * reach]), np.median(area[inner][-2 * reach :])
    good[: inner.start] &= area[: inner.start] > share * first
    good[inner.stop :] &= area[inner.stop :] > share * last
    keep = np.zeros(n, dtype=bool)
    before, after = np.flatnonzero(~good[: inner.start]), np.flatnonzero(~good[inner.stop :])
    keep[before[-1] + 1 if before.size else 0 : inner.stop + after[0] if after.size else n] = True
    return keep


def _to_ends(line: Array, path: Array, radius: float) -> Array:
    """The line prolonged straight as far as the ends of the voxel path reach along it."""
    out = line
    reach = min(max(round(radius / _STEP_M), 3), len(line) - 1)
    for end, inside, beyond in ((0, reach, path[0]), (-1, -1 - reach, path[-1])):
        direction = line[end] - line[inside]
        direction /= np.linalg.norm(direction)
        ahead = float((beyond - line[end]) @ direction)
        if ahead > 0.5 * _STEP_M:
            extra = line[end] + np.arange(1, int(ahead / _STEP_M) + 2)[:, None] * _STEP_M * direction
            out = np.vstack([extra[::-1], out]) if end == 0 else np.vstack([out, extra])
    return out


def even(line: Array, spacing_m: float) -> Array:
    """A polyline (n, 3) resampled to even steps of about `spacing_m`."""
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0.0, arc[-1], max(round(arc[-1] / spacing_m), 2) + 1)
    return np.stack([np.interp(at, arc, line[:, k]) for k in range(3)], axis=-1)


def _window(line: Array, window_m: float) -> int:
    """Odd number of vertices of a filter window that fits on the line."""
    step = _length(line) / max(len(line) - 1, 1)
    return min(int(window_m / step) // 2 * 2 + 1, (len(line) - 1) // 2 * 2 + 1)


def _smooth(line: Array, window_m: float) -> Array:
    count = _window(line, window_m)
    return line if count < 5 else np.asarray(savgol_filter(line, count, 3, axis=0, mode="interp"))


def _length(line: Array) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _voxel_path(piece: Mask, spacing: Array) -> Array:
    """Voxel indices (n, 3) of a path between the two ends of a piece that keeps away from its border."""
    number = np.full(piece.shape, -1, np.int64)
    voxels = np.argwhere(piece)
    number[piece] = np.arange(len(voxels))
    depth = distance_transform_edt(np.pad(piece, 1), sampling=spacing)[1:-1, 1:-1, 1:-1][piece]
    rows, columns, lengths = [], [], []
    for step in _STEPS:
        there = voxels + step
        inside = ((there >= 0) & (there < piece.shape)).all(axis=1)
        here, there = np.flatnonzero(inside), number[tuple(there[inside].T)]
        met = there >= 0
        rows.append(here[met])
        columns.append(there[met])
        lengths.append(np.full(int(met.sum()), float(np.linalg.norm(step * spacing))))
    row, column, length = (np.concatenate(part) for part in (rows, columns, lengths))
    plain = coo_array((length, (row, column)), shape=(len(voxels),) * 2).tocsr()
    far = dijkstra(plain, directed=False, indices=int(np.argmax(depth)))
    start = int(np.argmax(np.where(np.isfinite(far), far, -1.0)))
    there = dijkstra(plain, directed=False, indices=start)
    end = int(np.argmax(np.where(np.isfinite(there), there, -1.0)))
    cost = length / np.minimum(depth[row], depth[column]) ** 2
    central = coo_array((cost, (row, column)), shape=(len(voxels),) * 2).tocsr()
    before = dijkstra(central, directed=False, indices=start, return_predecessors=True)[1]
    way = [end]
    while way[-1] != start:
        way.append(int(before[way[-1]]))
    return np.asarray(voxels[way[::-1]], dtype=np.float64)
