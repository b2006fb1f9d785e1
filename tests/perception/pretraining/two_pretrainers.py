"""Run by torchrun in test_pretrain_distributed.py: a short run whose losses and weights are written down."""

import os
import sys
from pathlib import Path

import torch
from rich.console import Console
from small_run import RECIPE, small_store

from echopilot_perception.pretraining.run.loop import pretrain
from echopilot_perception.pretraining.tree.label_tree import read_tree


def main(folder: Path) -> None:
    rank = os.environ["RANK"]
    result = pretrain(small_store(folder / "images"), read_tree(), RECIPE, folder / f"run{rank}", Console(quiet=True))
    state = result.state.saved()
    torch.save({"curve": state["curve"], "model": state["model"]}, folder / f"{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
