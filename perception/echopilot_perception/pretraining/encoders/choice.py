"""The choice of an encoder by name and size. Needs no torch."""

from dataclasses import dataclass

SIDE_MULTIPLES = {"edge": 64, "swin": 32}
"""Of which the side of an image must be a multiple, by encoder."""
ENCODERS = tuple(SIDE_MULTIPLES)
MASK_TOKEN = "mask_token"


@dataclass(frozen=True)
class EncoderChoice:
    """Name of the encoder; channels, blocks and attention heads are those of `swin` alone, by default EchoCare's.

    `edge` is the backbone of the edge network, `swin` the encoder in EchoCare's key layout. With `lora_rank` above 0
    the weights of `swin` stay and low-rank updates of its attentions are learned (model.echocare.lora).
    """

    name: str = "edge"
    channels: int = 128
    depths: tuple[int, ...] = (2, 2, 18, 2)
    heads: tuple[int, ...] = (4, 8, 16, 32)
    lora_rank: int = 0

    @property
    def side_multiple(self) -> int:
        """Of which the side of an image must be a multiple."""
        return SIDE_MULTIPLES[self.name]
