"""EchoCare's encoder, the decoder and the heads of the edge network in one module with the same outputs."""

from enum import Enum

import torch
from torch import Tensor, nn

from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.echocare.decoder import FEATURES, Decoder
from echopilot_perception.model.echocare.encoder import build_encoder
from echopilot_perception.model.echocare.shape import COLOURS, ECHOCARE, EncoderShape


class Normalisation(Enum):
    """Mean and deviation per colour that are taken out of the encoder's input; those of pre-training are unknown."""

    UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class EchoCareNetwork(nn.Module):
    """Picture (N, 1, 256, 256) in 0..1 -> one tensor per head, in the order of `heads.HEADS`.

    Grey becomes three colours by a 1 x 1 convolution that begins as copy and normalisation: its six numbers learn
    with the heads, so that fine-tuning settles what is not known of the pre-training. `encoder` (a loaded one) must
    have the size `shape`; without it the weights are random.
    """

    def __init__(
        self,
        spec: HeadSpec,
        encoder: nn.Module | None = None,
        normalisation: Normalisation = Normalisation.UNIT,
        shape: EncoderShape = ECHOCARE,
    ) -> None:
        super().__init__()
        self.colours = nn.Conv2d(1, COLOURS, 1)
        mean, deviation = (torch.tensor(values) for values in normalisation.value)
        with torch.no_grad():
            self.colours.weight.copy_((1.0 / deviation)[:, None, None, None])
            self.colours.bias.copy_(-mean / deviation)
        self.encoder = build_encoder(shape) if encoder is None else encoder
        self.decoder = Decoder(shape)
        self.heads = nn.ModuleDict({head.name: head.build(shape.channels, FEATURES, spec) for head in HEADS})

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        dense, features = self.decoder(self.encoder(self.colours(image)))
        return tuple(head(dense, features) for head in self.heads.values())
