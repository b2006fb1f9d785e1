"""State of a pre-training run, and its saving and restoring."""

from pathlib import Path

import torch
from torch import Tensor

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.encoders.build import build_pretrain_encoder
from echopilot_perception.pretraining.encoders.saved import load_into
from echopilot_perception.pretraining.losses.latent import make_teacher_of
from echopilot_perception.pretraining.recipe.recipe import PretrainRecipe
from echopilot_perception.pretraining.run.objective import Pretrainer, RankedEncoder
from echopilot_perception.pretraining.tree.label_tree import LabelTree
from echopilot_perception.training import checkpoint
from echopilot_perception.training.run import load_exactly

Figures = dict[str, float]


class PretrainState:
    """Model, teacher, optimizer, number of steps done and the losses of each.

    `curve` holds the mean losses over processes and parts of every step, by name.
    """

    def __init__(
        self,
        recipe: PretrainRecipe,
        tree: LabelTree,
        fingerprint: str,
        device: torch.device,
        scaled: bool,
        start: Path | None = None,
    ) -> None:
        """A new run, with the encoder of the file `start` where one is given; EchoPilotError when it does not fit."""
        self.recipe, self.tree, self.fingerprint = recipe, tree, fingerprint
        encoder = build_pretrain_encoder(recipe.encoder, recipe.seed)
        if start is not None:
            load_into(encoder, start)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed + 1)
            if recipe.encoder.lora_rank:
                encoder.adapt(recipe.encoder.lora_rank)
            self.model = Pretrainer(encoder, tree, recipe).to(device)
        self.teacher = self._new_teacher()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        decayed, other = ([p for p in trained if (p.ndim > 1) == large] for large in (True, False))
        groups = [{"params": decayed}, {"params": other, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.step = 0
        self.curve: list[Figures] = []

    def saved(self) -> checkpoint.State:
        """Plain values and tensors from which `restore` resumes exactly."""
        return {
            "step": self.step,
            "curve": self.curve,
            "recipe": self.recipe.identity(),
            "tree": self.tree.sha256,
            "images": self.fingerprint,
            "model": self.model.state_dict(),
            "teacher": self.teacher.state_dict(),
            "moments": {str(k): dict(v) for k, v in self.optimizer.state_dict()["state"].items()},
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: checkpoint.State, where: str) -> None:
        """Go on from `state`; raises EchoPilotError when it is of another recipe, tree or data, or damaged."""
        try:
            ours = {"tree": self.tree.sha256, "images": self.fingerprint, **self.recipe.identity()}
            theirs = {"tree": state["tree"], "images": state["images"], **state["recipe"]}
            changed = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
            if changed:
                raise EchoPilotError(f"{where} is of a run that differs in {', '.join(changed)}; give another --out")
            load_exactly(self.model, state["model"])
            load_exactly(self.teacher, state["teacher"])
            moments: dict[int, dict[str, Tensor]] = {int(k): v for k, v in state["moments"].items()}
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
            if self.scaler.is_enabled() and state["scaler"]:
                self.scaler.load_state_dict(state["scaler"])
            self.step, self.curve = int(state["step"]), list(state["curve"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EchoPilotError(f"{where} is damaged ({type(error).__name__}); give another --out") from error

    def _new_teacher(self) -> RankedEncoder:
        teacher = make_teacher_of(self.model.ranked)
        assert isinstance(teacher, RankedEncoder)
        teacher.train()
        return teacher
