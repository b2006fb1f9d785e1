"""The network that a fine-tuning begins with, from an encoder file, a checkpoint of echopilot-edge, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.heads import HeadSpec
from echopilot_perception.model.echocare.checkpoint import read_checkpoint
from echopilot_perception.model.echocare.encoder import EncoderShape
from echopilot_perception.model.network import Network, build_network
from echopilot_perception.pretraining.encoders.edge import EdgeEncoder
from echopilot_perception.pretraining.encoders.saved import read_encoder_file
from echopilot_perception.training import checkpoint
from echopilot_perception.training.run import Groups, all_parameters, load_exactly

SCRATCH = "scratch"
STAGES = (1, 2, 3, 4)


@dataclass(frozen=True)
class StartingNetwork:
    """How the network is made, what of it learns, and in words what it is."""

    make: Callable[[HeadSpec, int], nn.Module]
    groups: Groups
    about: str


def starting_network(file: Path | None) -> StartingNetwork:
    """The network for a file: `encoder.pth` of `echopilot pretrain` or EchoCare's, `checkpoint.pt` of echopilot-edge.

    None: echopilot-edge with random weights. Of EchoCare's encoder low-rank updates are learned (LoRA); all else learns
    as a whole. Raises EchoPilotError with one line when the file is none of these, or does not fit.
    """
    if file is None:
        return StartingNetwork(build_network, all_parameters, "echopilot-edge with random weights")
    state = read_checkpoint(file)
    if "best" in state:
        whole = checkpoint.from_fp16(state)["best"]
        _from_checkpoint(whole, file)
        return StartingNetwork(
            lambda spec, seed: _from_checkpoint(whole, file), all_parameters, f"echopilot-edge {file.name}"
        )
    name, weights = read_encoder_file(file)
    if name == "edge":
        encoder = EdgeEncoder()
        encoder.load_weights(weights, file.name)
        return StartingNetwork(
            lambda spec, seed: _on_edge(encoder, spec, seed), all_parameters, f"edge encoder {file.name}"
        )
    from echopilot_perception.model.echocare import finetune

    make = finetune.network_maker(file, shape=shape_of(weights, file.name))
    return StartingNetwork(make, finetune.parameter_groups, f"swin encoder {file.name}, low-rank updates")


def shape_of(weights: dict[str, Tensor], where: str) -> EncoderShape:
    """Size of an encoder in EchoCare's key layout; raises EchoPilotError where its tensors do not tell it."""
    try:
        depths = [len({k.split(".")[3] for k in weights if k.startswith(f"layers{n}.0.blocks.")}) for n in STAGES]
        heads = [int(weights[f"layers{n}.0.blocks.0.attn.relative_position_bias_table"].shape[1]) for n in STAGES]
        channels = int(weights["patch_embed.proj.weight"].shape[0])
    except (KeyError, IndexError) as error:
        raise EchoPilotError(f"{where} is no whole encoder: {error} is missing") from error
    return EncoderShape(
        channels, (depths[0], depths[1], depths[2], depths[3]), (heads[0], heads[1], heads[2], heads[3])
    )


def _on_edge(encoder: EdgeEncoder, spec: HeadSpec, seed: int) -> Network:
    network = build_network(spec, seed)
    network.backbone.load_state_dict(encoder.backbone.state_dict())
    network.gray_levels.applied = torch.tensor(False)  # the encoder learned from images as they are
    return network


def _from_checkpoint(whole: dict[str, Tensor], file: Path) -> Network:
    from echopilot_perception.training.config import DEFAULT_SPEC

    network = build_network(DEFAULT_SPEC, 0)
    try:
        load_exactly(network, whole)
    except (EchoPilotError, AttributeError) as error:
        raise EchoPilotError(f"{file.name} is of another network: {error}") from error
    return network
