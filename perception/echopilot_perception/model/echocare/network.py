"""EchoCare's encoder, the decoder and the heads of the edge network in one module with the same outputs."""

from enum import Enum

import torch
from torch import Tensor, nn

from echopilot_perception.heads import HEADS, HeadSpec
from echopilot_perception.model.echocare.decoder import FEATURES, Decoder
from echopilot_perception.model.echocare.encoder import COLOR_CHANNELS, ECHOCARE, EncoderShape, build_encoder


class Normalisation(Enum):
    """Mean and deviation per color that are taken out of the encoder's input; those of pre-training are unknown."""

    UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class EchoCareNetwork(nn.Module):
    """Image (N, 1, 256, 256) in 0..1 -> one tensor per head, in the order of `heads.HEADS`.

    A 1 x 1 convolution maps gray to three channels. It is initialized as copy and normalization; its six parameters are
    trained with the heads, because the normalization of pre-training is unknown. `encoder` (a loaded one) must
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
        self.colours = nn.Conv2d(1, COLOR_CHANNELS, 1)
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
