"""Changes that move the image: zoom, window, stretch, turn, elastic deformation, and other outlines of the sector.

What they move, they move for all targets alike. A zoom about the face is an image of another depth: lengths change with
it (grid.STANDARD). Stretch and turn leave motions of the probe and sizes unknown, a deformation the sizes.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from echopilot_perception import grid
from echopilot_perception.heads.base import UNKNOWN_LABEL
from echopilot_perception.heads.sizes import POWERS
from echopilot_perception.training.augmentation.draw import Draw
from echopilot_perception.training.augmentation.window import ZoomWindow, areas_of, draw_windows, forget_hidden
from echopilot_perception.training.batches import Batch

ZOOMED, STRETCHED, DEFORMED, NARROWED, FACED, SHORTENED = 0.6, 0.25, 0.5, 0.35, 0.2, 0.15  # shares
ZOOMS = (0.72, 1.4)
MARGIN_RAD = math.radians(1.0)
ELASTIC_CELLS = 6
ELASTIC = 0.03  # standard deviation, in halves of the image


def moved(batch: Batch, draw: Draw) -> None:
    """Change the geometry of a batch in place."""
    window = draw_windows(batch["labels"], draw)
    zoom = torch.where(draw.chosen(ZOOMED), draw.between(math.log(ZOOMS[0]), math.log(ZOOMS[1])), 0.0).exp()
    zoom = torch.where(window.chosen, window.zoom, zoom)
    stretched = draw.chosen(STRETCHED)
    across = zoom * torch.where(stretched, draw.normal(0.06), 0.0).exp()
    turn = torch.where(stretched, draw.normal(math.radians(5.0)), 0.0)
    flow = _flow(draw)
    areas = areas_of(batch["labels"])
    _sample(batch, across, zoom, turn, flow, window)
    _move_points(batch, across, zoom, turn, flow, window)
    deformed = flow.abs().amax(dim=(1, 2, 3)) > 0
    batch["guidance"][..., :3] *= zoom[:, None, None]
    batch["sizes"] *= zoom[:, None] ** torch.tensor(POWERS, device=zoom.device)
    batch["guidance_valid"][stretched] = False
    batch["sizes"][stretched | deformed] = math.nan
    batch["calm_known"][stretched | deformed | (zoom != 1.0)] = False
    _outline(batch, draw, zoom, window)
    _shorten(batch, torch.where(window.chosen, 1.0, draw.where(SHORTENED, 0.75, 1.0, otherwise=1.0)))
    forget_hidden(batch, window, areas)


def _flow(draw: Draw) -> Tensor:
    """(N, 2, 128, 128): what is sampled lies so far from its place, in halves of the image; 0 at the face."""
    coarse = draw.normal(ELASTIC, 2, ELASTIC_CELLS, ELASTIC_CELLS) * draw.where(DEFORMED, 0.3, 1.0)[:, None, None, None]
    flow = functional.interpolate(coarse, (grid.CELLS, grid.CELLS), mode="bicubic", align_corners=False)
    ramp = torch.linspace(0.0, 3.0, grid.CELLS, device=flow.device).clamp(max=1.0)[:, None]
    return flow * ramp


def _sample(batch: Batch, across: Tensor, down: Tensor, turn: Tensor, flow: Tensor, window: ZoomWindow) -> None:
    cosine, sine = turn.cos(), turn.sin()
    a, b, c, d = cosine / across, sine / across, -sine / down, cosine / down
    theta = torch.stack([a, b, b + 2.0 * window.x, c, d, d - 1.0 + 2.0 * window.y], dim=1).reshape(-1, 2, 3)
    for name in ("image", "labels", "disease"):
        values = batch[name]
        size = values.shape[-1]
        there = functional.interpolate(flow, (size, size), mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
        where = functional.affine_grid(theta, [len(values), 1, size, size], align_corners=False) + there
        if name == "image":
            batch[name] = functional.grid_sample(values, where, mode="bilinear", align_corners=False)
            continue
        inverse = UNKNOWN_LABEL - values.float()[:, None]  # so that what comes in is 0
        taken = functional.grid_sample(inverse, where, mode="nearest", align_corners=False)
        batch[name] = (UNKNOWN_LABEL - taken)[:, 0].to(values.dtype)


def _move_points(batch: Batch, across: Tensor, down: Tensor, turn: Tensor, flow: Tensor, window: ZoomWindow) -> None:
    cosine, sine = turn.cos(), turn.sin()
    forward = torch.stack([across * cosine, -down * sine, across * sine, down * cosine], dim=1).reshape(-1, 2, 2)
    half = 0.5 * grid.STANDARD_M
    corner = grid.STANDARD_M * torch.stack([window.x, window.y], dim=1)[:, None]
    points = batch["landmarks"] - corner
    first = points @ forward.mT
    at = torch.stack([first[..., 0] / half, first[..., 1] / half - 1.0], dim=-1).nan_to_num(0.0)
    shift = functional.grid_sample(flow, at[:, None], mode="bilinear", align_corners=False)[:, :, 0].mT
    points = (points - half * shift) @ forward.mT
    inside = (points[..., 0].abs() < half) & (points[..., 1] > 0) & (points[..., 1] < 2 * half)
    batch["landmarks"] = torch.where(inside[..., None], points, math.nan)


def _outline(batch: Batch, draw: Draw, zoom: Tensor, window: ZoomWindow) -> None:
    """Narrower fans, faces that stand off, and the round end of a fan that shows less depth than was rendered.

    Windows have outlines of their own.
    """
    plain = ~window.chosen
    half = torch.where(plain & draw.chosen(NARROWED), draw.between(math.radians(25.0), math.radians(44.0)), math.pi)
    near = torch.where(plain, draw.where(FACED, 0.01, 0.1), 0.0)
    far = torch.where(plain & (zoom > 1.0), 1.0, 2.0)
    changed = (half < math.pi) | (near > 0.0)
    for name in ("image", "labels", "disease"):
        size = batch[name].shape[-1]
        at = (torch.arange(size, device=zoom.device) + 0.5) / size
        x, y = at[None, :] - 0.5, at[:, None]
        reach, angle = torch.hypot(x, y), torch.atan2(x, y).abs()
        keep = (
            (angle < (half + MARGIN_RAD)[:, None, None])
            & (reach >= near[:, None, None])
            & (reach <= far[:, None, None])
            & ~window.outside(size)
        )
        keep = keep[:, None] if name == "image" else keep
        batch[name] = torch.where(keep, batch[name], 0)
    x, y = batch["landmarks"][..., 0], batch["landmarks"][..., 1]
    hidden = (torch.atan2(x, y).abs() > half[:, None]) | (torch.hypot(x, y) > far[:, None] * grid.STANDARD_M)
    hidden |= window.hides(x / grid.STANDARD_M, y / grid.STANDARD_M)
    batch["landmarks"] = batch["landmarks"].masked_fill(hidden[..., None], math.nan)
    batch["coupling"][half < math.pi] = math.nan
    batch["calm_known"][changed] = False


def _shorten(batch: Batch, share: Tensor) -> None:
    """Shallower scanners: what lies below `share` (N,) of the depth is black, and what it holds is not known."""
    below = _below(share, batch["image"].shape[-1])
    batch["image"] = batch["image"].masked_fill(below, 0.0)
    for name in ("labels", "disease"):
        batch[name].masked_fill_(_below(share, batch[name].shape[-1])[:, 0], UNKNOWN_LABEL)
    batch["calm_known"][share < 1.0] = False
    deep = batch["landmarks"][..., 1] > share[:, None] * grid.STANDARD_M
    batch["landmarks"].masked_fill_(deep[..., None], math.nan)


def _below(share: Tensor, size: int) -> Tensor:
    """(N, 1, size, size) bool: rows from `share` (N,) of the depth on."""
    rows = torch.arange(size, device=share.device) >= (share * size)[:, None]
    return rows[:, None, :, None].expand(-1, 1, size, size)
