"""Learning rate over a run: a linear warm-up, then down to 1 %."""

import math

FLOOR = 0.01
POWER = 0.9


def share(kind: str, step: int, warmup: int, total: int) -> float:
    """Factor of the learning rate at `step` of `total`.

    `kind` "cosine" is half a cosine (Loshchilov & Hutter 2017), "poly" a power of 0.9 of what is left (Chen et al.
    2018), which the public fine-tunings of EchoCare use.
    """
    if step < warmup:
        return (step + 1) / warmup
    done = min((step - warmup) / max(total - warmup, 1), 1.0)
    left = 0.5 * (1.0 + math.cos(math.pi * done)) if kind == "cosine" else float((1.0 - done) ** POWER)
    return FLOOR + (1.0 - FLOOR) * left
