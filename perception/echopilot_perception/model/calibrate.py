"""Calibration of a trained network's uncertainties on held-out patients, folded into the last layers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_perception.anomaly import fit_temperature
from echopilot_perception.heads import HEADS, guidance, sizes
from echopilot_perception.training.batches import Batch, on_device, tensors
from echopilot_perception.training.samples import Samples

PLACE = {head.name: i for i, head in enumerate(HEADS)}
BATCH = 64
MIN_ROWS = 30  # fewer errors do not determine their spread


@dataclass(frozen=True)
class Calibration:
    """The temperature of the view logits, and the factors by which the sigmas of each head were multiplied."""

    temperature: float
    guidance: tuple[float, ...]
    sizes: tuple[float, ...]


def calibrate(network: nn.Module, validation: Samples) -> Calibration:
    """Divide the view logits by the temperature, and multiply sigmas by the factors, that suit `validation` best.

    Guo et al. 2017; for sigmas the factor is the root mean square of the standardized errors, which maximizes the
    likelihood. Arg-max, ranking and means do not change. Unknown targets do not count.
    """
    logits = []
    errors: dict[str, list[Tensor]] = {name: [] for name in _STANDARDIZED}
    with torch.no_grad():
        for at in range(0, len(validation), BATCH):
            rows = validation.take(np.arange(at, min(at + BATCH, len(validation))))
            batch = on_device(tensors(rows), torch.device("cpu"))
            outputs = network(batch["image"])
            logits.append(outputs[PLACE["view"]].numpy())
            for name, standardized in _STANDARDIZED.items():
                errors[name].append(standardized(outputs[PLACE[name]], batch))
    known = validation.view >= 0
    temperature = fit_temperature(np.concatenate(logits)[known], validation.view[known])
    with torch.no_grad():
        for parameter in network.get_submodule("heads.view.layer").parameters():
            parameter.div_(temperature)
    found = {name: _widen(network.get_submodule(f"heads.{name}.layer"), torch.cat(z)) for name, z in errors.items()}
    return Calibration(temperature, found["guidance"], found["sizes"])


def _widen(layers: nn.Module, z: Tensor) -> tuple[float, ...]:
    """Multiply the sigmas of a head by the spread of its standardized errors (N, ..., K); NaN does not count.

    The last K of every group of 2 K outputs are logarithms of sigmas.
    """
    bias = [layer for layer in layers.modules() if isinstance(layer, nn.Linear)][-1].bias
    known = z.isfinite()
    count = known.sum(dim=0)
    spread = (torch.where(known, z, 0.0).square().sum(dim=0) / count.clamp(min=1)).sqrt()
    factor = torch.where(count >= MIN_ROWS, spread.clamp(min=1e-3), 1.0)
    with torch.no_grad():
        bias.view(*factor.shape[:-1], 2, factor.shape[-1])[..., 1, :] += factor.log()
    return tuple(factor.flatten().tolist())


_STANDARDIZED: dict[str, Callable[[Tensor, Batch], Tensor]] = {
    "guidance": guidance.standardized,
    "sizes": sizes.standardized,
}
