"""State of a training run, and its saving and restoring."""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.training import checkpoint
from echopilot_perception.training.config import TrainConfig
from echopilot_perception.training.evaluate import Figures

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


Groups = Callable[[nn.Module, float, float], list[dict[str, Any]]]
"""(network, learning rate, weight decay) -> parameter groups of AdamW; a group's `lr_scale` multiplies the schedule."""


def all_parameters(network: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """One group of all parameters that need a gradient."""
    return [{"params": [p for p in network.parameters() if p.requires_grad]}]


class Run:
    """Network, averaged network, optimizer, and the record of the epochs so far."""

    def __init__(
        self, config: TrainConfig, network: nn.Module, groups: Groups, device: torch.device, scaled: bool
    ) -> None:
        self.config = config
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        chosen = groups(self.network, config.learning_rate, config.weight_decay)
        self.optimizer = torch.optim.AdamW(chosen, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.epoch, self.stale, self.best_loss = 0, 0, math.inf
        self.best = self._weights()
        self.history: list[Figures] = []

    def blend(self, step: int) -> None:
        """Move the averaged weights towards the present ones."""
        decay = min(self.config.ema_decay, (1 + step) / (10 + step))
        pairs = list(zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True))
        moved, copied = ([p for p in pairs if p[0].is_floating_point() == real] for real in (True, False))
        with torch.no_grad():
            torch._foreach_lerp_([mean for mean, _ in moved], [new for _, new in moved], 1.0 - decay)
            for mean, new in copied:
                mean.copy_(new)

    def finish_epoch(self, figures: Figures) -> None:
        """Count an epoch, and keep the averaged weights when its `loss` is the lowest so far."""
        self.epoch += 1
        self.history.append({k: float(v) for k, v in figures.items()})
        if figures["loss"] < self.best_loss:
            self.best_loss, self.stale = figures["loss"], 0
            self.best = self._weights()
        else:
            self.stale += 1

    def state(self) -> checkpoint.State:
        """Plain values and tensors from which `restore` resumes exactly."""
        moments = {str(k): dict(v) for k, v in self.optimizer.state_dict()["state"].items()}
        return {
            "epoch": self.epoch,
            "stale": self.stale,
            "best_loss": self.best_loss,
            "config": self.config.as_dict(),
            "history": self.history,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "best": self.best,
            "moments": moments,
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: checkpoint.State) -> None:
        """Go on from `state`; raises EchoPilotError when it was made with another config or network."""
        ours, theirs = self.config.without_place(), {k: state["config"].get(k) for k in self.config.without_place()}
        changed = [name for name in ours if ours[name] != theirs[name]]
        if changed:
            raise EchoPilotError(
                f"the checkpoint was made with another training config ({', '.join(changed)} differ); "
                "use another folder or `start`"
            )
        load_exactly(self.network, state["network"])
        load_exactly(self.average, state["average"])
        self.epoch, self.stale, self.best_loss = state["epoch"], state["stale"], state["best_loss"]
        self.history, self.best = list(state["history"]), state["best"]
        self._restore_moments(state)
        if self.scaler.is_enabled() and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])

    def warm_start(self, state: checkpoint.State, load: Loader) -> None:
        """Begin at epoch 0 from the best weights of an earlier run."""
        load(self.network, state["best"])
        self.average.load_state_dict(self.network.state_dict())
        self.best = self._weights()

    def _weights(self) -> checkpoint.State:
        return {k: v.clone() for k, v in self.average.state_dict().items()}

    def _restore_moments(self, state: checkpoint.State) -> None:
        groups = self.optimizer.state_dict()["param_groups"]
        moments = {int(k): v for k, v in state["moments"].items()}
        if len(moments) not in (0, sum(len(group["params"]) for group in groups)):
            raise EchoPilotError("the checkpoint was made with other parameter groups; choose the same ones")
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
