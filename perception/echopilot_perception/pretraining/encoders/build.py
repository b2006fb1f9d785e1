"""Building of an encoder by its choice; libraries are imported when they are needed."""

import torch

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.encoders.choice import ENCODERS, EncoderChoice
from echopilot_perception.pretraining.encoders.interface import PretrainEncoder


def build_pretrain_encoder(choice: EncoderChoice, seed: int) -> PretrainEncoder:
    """Encoder with weights drawn from `seed`; EchoPilotError for an unknown name or a missing library."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if choice.name == "edge":
            from echopilot_perception.pretraining.encoders.edge import EdgeEncoder

            return EdgeEncoder()
        if choice.name == "swin":
            from echopilot_perception.pretraining.encoders.swin import SwinEncoder, swin_shape

            return SwinEncoder(swin_shape(choice))
    raise EchoPilotError(f"pre-training: encoder {choice.name} is unknown; choose one of {', '.join(ENCODERS)}")
