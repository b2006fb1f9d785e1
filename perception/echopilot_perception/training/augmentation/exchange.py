"""Exchange of gray levels and low-frequency amplitudes with real images, of which nothing else is taken over.

Fourier domain adaptation (Yang & Soatto 2020): the phase, which holds the anatomy, stays. Gray levels are matched by
depth, as scanners set them.
"""

import torch
from torch import Tensor

from echopilot_perception.training.augmentation.draw import Draw, column
from echopilot_perception.training.augmentation.style_bank import BANDS, QUANTILES, REACH, StyleBank

MATCHED, TRANSFERRED = 0.5, 0.25  # shares
LEVELS = 64


def exchanged(image: Tensor, draw: Draw, bank: StyleBank) -> Tensor:
    """Images (N, 1, H, H) in 0..1, some with the gray levels or the low frequencies of a style of the bank."""
    device = image.device
    style = draw.index(len(bank))
    amplitudes = torch.from_numpy(bank.amplitudes).to(device)[style]
    quantiles = torch.from_numpy(bank.quantiles).to(device)[style]
    share = column(draw.where(TRANSFERRED, 0.3, 1.0))
    image = image + share * (_with_amplitudes(image, amplitudes) - image)
    image = image.clamp(0.0, 1.0)
    share = column(draw.where(MATCHED, 0.4, 1.0))
    return image + share * (_with_levels(image, quantiles) - image)


def _with_amplitudes(image: Tensor, amplitudes: Tensor) -> Tensor:
    spectrum = torch.fft.rfft2(image)
    rows = torch.arange(-REACH, REACH + 1, device=image.device)
    low = spectrum[:, :, rows, : REACH + 1]  # negative rows count from the end
    turned = low / low.abs().clamp(min=1e-6)
    spectrum = spectrum.clone()
    spectrum[:, :, rows, : REACH + 1] = turned * amplitudes[:, None, :, REACH:]
    return torch.fft.irfft2(spectrum, s=image.shape[-2:])


def _with_levels(image: Tensor, quantiles: Tensor) -> Tensor:
    """Gray levels inside the sector, ranked in each band of depth, become the quantiles (N, BANDS, QUANTILES)."""
    count, size = len(image), image.shape[-1]
    level = (image[:, 0] * (LEVELS - 1)).clamp(0.0, LEVELS - 1.001)
    whole = level.long()
    inside = (image[:, 0] > 0).float()
    rows = size // BANDS
    tables = []
    for band in range(BANDS):
        cut = slice(band * rows, (band + 1) * rows)
        histogram = torch.zeros(count, LEVELS, device=image.device)
        histogram.scatter_add_(1, whole[:, cut].flatten(1), inside[:, cut].flatten(1))
        rank = histogram.cumsum(dim=1) - 0.5 * histogram
        rank = rank / histogram.sum(dim=1, keepdim=True).clamp(min=1.0) * (QUANTILES - 1)
        below = rank.long().clamp(max=QUANTILES - 2)
        low, high = (quantiles[:, band].gather(1, below + step) for step in (0, 1))
        tables.append(low + (rank - below) * (high - low))
    table = torch.stack(tables, dim=1)  # (N, BANDS, LEVELS)
    at = (torch.arange(size, device=image.device) + 0.5) / rows - 0.5
    first = at.floor().clamp(0, BANDS - 2).long()
    weight = (at - first).clamp(0.0, 1.0)[:, None]
    part = level - whole
    out = torch.zeros_like(level)
    for step, share in ((0, 1.0 - weight), (1, weight)):
        lut = table[:, first + step]  # (N, H, LEVELS)
        low, high = lut.gather(2, whole), lut.gather(2, whole + 1)
        out = out + share * (low + part * (high - low))
    return (out * inside)[:, None]
