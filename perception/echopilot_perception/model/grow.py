"""Begin a larger edge network from a smaller one, so that it computes the same at first (Net2Net, Chen et al. 2016)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError

STEM = "backbone.stem.0.weight"


def grow(network: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Load the weights of an earlier echopilot-edge (128 x 128 pictures, without residual blocks) into `network`.

    The stem is spread over twice as many picture cells: the mean over 2 x 2 of them is what it saw before. What the
    earlier network had not (residual blocks, which begin as the identity, and new heads) keeps its first values; its
    names are returned. Raises EchoPilotError when weights are left over.
    """
    state = network.state_dict()
    extra = sorted(set(weights) - set(state))
    if extra:
        raise EchoPilotError(f"these weights are not of an earlier echopilot-edge: {', '.join(extra[:3])} ...")
    taken = dict(weights)
    if taken[STEM].shape != state[STEM].shape:
        taken[STEM] = torch.nn.functional.interpolate(taken[STEM], scale_factor=2.0, mode="nearest") / 4.0
    missing, _ = network.load_state_dict(taken, strict=False)
    return sorted(missing)
