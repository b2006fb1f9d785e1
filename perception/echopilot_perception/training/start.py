"""How a new run takes over the weights of an earlier one."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from echopilot_core import EchoPilotError

Loader = Callable[[nn.Module, Mapping[str, Tensor]], Any]


def load_exactly(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load weights in place; raises EchoPilotError, and changes nothing, unless names and shapes are the same."""
    own = network.state_dict()
    missing, extra = sorted(set(own) - set(weights)), sorted(set(weights) - set(own))
    reshaped = sorted(name for name in set(own) & set(weights) if own[name].shape != weights[name].shape)
    for what, names in (("lacks", missing), ("has beside them", extra), ("has in another size", reshaped)):
        if names:
            raise EchoPilotError(
                f"the checkpoint does not fit this network: of its tensors it {what} {len(names)}, first {names[0]}"
            )
    network.load_state_dict(weights)
