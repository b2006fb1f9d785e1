"""Run by torchrun in test_distributed.py: a short run that is written down, then one that never ends."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tiny import disc_samples, tiny

from echopilot_perception.training import TrainConfig
from echopilot_perception.training.loop import train

CONFIG = TrainConfig(
    epochs=2, batch=4, warmup_steps=1, learning_rate=3e-3, augmentation=False, device="cpu", precision="float32"
)
SAMPLES, SEED = 8, 4


def main(folder: Path) -> None:
    rank = os.environ["RANK"]
    (folder / f"{rank}.pid").write_text(str(os.getpid()))
    data = disc_samples(SAMPLES, SEED)
    result = train(data, CONFIG, data, folder=folder / f"run{rank}", network=tiny)
    torch.save({"weights": result.state["network"], "history": list(result.history)}, folder / f"{rank}.partial")
    os.replace(folder / f"{rank}.partial", folder / f"{rank}.pt")
    train(data, replace(CONFIG, epochs=10**6, patience=10**6), network=tiny)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
