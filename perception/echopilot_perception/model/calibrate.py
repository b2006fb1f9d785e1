"""Make the view probabilities mean what they say: the temperature is folded into the last layer of the view head."""

import numpy as np
import torch
from torch import nn

from echopilot_perception.anomaly import fit_temperature
from echopilot_perception.heads import HEADS
from echopilot_perception.training.batches import tensors
from echopilot_perception.training.samples import Samples

VIEW = [head.name for head in HEADS].index("view")
BATCH = 64


def calibrate(network: nn.Module, validation: Samples) -> float:
    """Divide the view logits of `network` by the temperature (returned) that suits `validation` best (Guo et al. 2017).

    Arg-max and ranking do not change. Pictures whose view is not known do not count.
    """
    logits = []
    with torch.no_grad():
        for at in range(0, len(validation), BATCH):
            rows = validation.take(np.arange(at, min(at + BATCH, len(validation))))
            logits.append(network(tensors(rows)["image"])[VIEW].numpy())
    known = validation.view >= 0
    temperature = fit_temperature(np.concatenate(logits)[known], validation.view[known])
    layer = network.get_submodule("heads.view.layer")
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.div_(temperature)
    return temperature
