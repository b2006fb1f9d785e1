"""Fine-tuning of EchoCare: trainable parameters, learning rates, learned state, and a teacher for distillation."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.echocare import lora
from echopilot_perception.model.echocare.checkpoint import load_encoder
from echopilot_perception.model.echocare.encoder import ECHOCARE, EncoderShape
from echopilot_perception.model.echocare.network import EchoCareNetwork, Normalisation

ENCODER_LR_SCALE = 0.1  # of the public fine-tunings: 1e-4 for the encoder, 1e-3 for decoder and heads


def network_maker(
    file: Path,
    normalisation: Normalisation = Normalisation.UNIT,
    full: bool = False,
    rank: int = lora.RANK,
    shape: EncoderShape = ECHOCARE,
) -> Callable[[HeadSpec, int], nn.Module]:
    """Function (spec, seed) -> prepared network on the encoder of `file`, for the argument `network` of `train`.

    Weights that the file does not hold are initialized from the seed. Calling the function raises EchoPilotError as
    `load_encoder` does.
    """

    def make(spec: HeadSpec, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = EchoCareNetwork(spec, load_encoder(file, shape), normalisation, shape)
            prepare(network, full, rank)
        return network

    return make


def prepare(network: EchoCareNetwork, full: bool = False, rank: int = lora.RANK) -> None:
    """Set in place what is trained: decoder, heads and colors; of the encoder LoRA alone, or all (`full`)."""
    if full:
        network.encoder.requires_grad_(True)
    else:
        lora.adapt(network.encoder, rank)


def parameter_groups(network: nn.Module, learning_rate: float, weight_decay: float) -> list[dict[str, Any]]:
    """Groups of an `EchoCareNetwork` for AdamW, and for the argument `groups` of `train`.

    The encoder learns at a tenth of the rate, which a loop with a schedule takes from `lr_scale`; vectors and the
    colors do not decay.
    """
    chosen: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            scale = ENCODER_LR_SCALE if name.startswith("encoder.") else 1.0
            decay = 0.0 if parameter.ndim < 2 or name.startswith("colours.") else weight_decay
            chosen.setdefault((scale, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": scale * learning_rate, "lr_scale": scale, "weight_decay": decay}
        for (scale, decay), parameters in chosen.items()
    ]


def learned_state(network: EchoCareNetwork) -> dict[str, Tensor]:
    """Trained parameters, without the frozen weights of EchoCare, which must not be redistributed."""
    return {name: p.detach().cpu() for name, p in network.named_parameters() if p.requires_grad}


def restore(network: EchoCareNetwork, state: Mapping[str, Tensor]) -> None:
    """Load a `learned_state` in place into a network that was prepared in the same way.

    Raises EchoPilotError when names or shapes differ; then nothing is changed.
    """
    own = {name: p for name, p in network.named_parameters() if p.requires_grad}
    wrong = sorted(
        name for name in own.keys() | state.keys()
        if name not in own or name not in state or own[name].shape != state[name].shape
    )  # fmt: skip
    if wrong:
        raise EchoPilotError(
            f"EchoCare fine-tuning: {len(wrong)} of {len(own)} tensors do not fit this network, first: {wrong[0]}; "
            "prepare it with the same rank and the same choice of LoRA or full"
        )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(state[name])


def make_teacher(network: EchoCareNetwork) -> Callable[[Tensor], dict[str, Tensor]]:
    """Function from images (N, 1, 256, 256) in 0..1 to the outputs by head name, on the images' device.

    It computes where the network lies, in evaluation mode and without gradients. The output `embedding` has a length
    of its own, so that a student cannot be held to it.
    """
    network.eval()
    place = next(network.parameters()).device

    def teach(image: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            outputs = network(image.to(place))
        return {head.name: output.to(image.device) for head, output in zip(HEADS, outputs, strict=True)}

    return teach
