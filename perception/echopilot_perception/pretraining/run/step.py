"""One step of pre-training: views and masks by seed, step and part; accumulated gradients; update; teacher."""

import contextlib
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from echopilot_core import EchoPilotError
from echopilot_perception.pretraining.data.augment import view_of
from echopilot_perception.pretraining.losses.latent import follow
from echopilot_perception.pretraining.masking.choice import choose_patches
from echopilot_perception.pretraining.masking.patches import PATCHES
from echopilot_perception.pretraining.masking.sector_cells import sector_cells_of
from echopilot_perception.pretraining.recipe.schedule import StepSetting, setting_at
from echopilot_perception.pretraining.run.objective import MaskedBatch
from echopilot_perception.pretraining.run.parts import StepPlan, StoredPart
from echopilot_perception.pretraining.run.state import PretrainState
from echopilot_perception.training.config import share
from echopilot_perception.training.distributed import average_buffers

MAX_GRADIENT = 5.0


@dataclass(frozen=True)
class PretrainStepper:
    """State shared by the steps of a run; `replica` is the run's model, or its DistributedDataParallel wrapper."""

    run: PretrainState
    replica: nn.Module
    plan: StepPlan
    dtype: torch.dtype
    device: torch.device

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return self.run.recipe.epochs * self.plan.steps

    def step(self, parts: list[StoredPart]) -> dict[str, float]:
        """Learn from the parts of this process at the run's step; gives the mean losses by name and their sum `loss`.

        Raises EchoPilotError when the loss is not finite; then nothing was changed.
        """
        run, recipe, number = self.run, self.run.recipe, self.run.step
        setting = setting_at(recipe, number, self.plan.steps)
        for group in run.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * share("cosine", number, recipe.warmup_steps, self.steps)
        run.optimizer.zero_grad(set_to_none=True)
        means: dict[str, Tensor] = {}
        for i, part in enumerate(parts):
            batch = self._prepared(part, setting, self.plan.first_part + i)
            with self._silent(i + 1 < len(parts)):
                with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
                    losses = self.replica(batch, setting)
                run.scaler.scale(sum(losses.values()) / len(parts)).backward()
            for name, loss in losses.items():
                means[name] = means.get(name, loss.new_zeros(())) + loss.detach().float() / len(parts)
        figures = dict(zip(means, torch.stack(list(means.values())).tolist(), strict=True))
        figures["loss"] = sum(figures.values())
        if not math.isfinite(figures["loss"]):
            raise EchoPilotError(f"pre-training: the loss is not finite at step {number}; lower learning_rate")
        run.scaler.unscale_(run.optimizer)
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), MAX_GRADIENT)
        run.scaler.step(run.optimizer)
        run.scaler.update()
        average_buffers(run.model, self.plan.processes)
        follow(run.teacher, run.model.ranked, min(recipe.teacher_decay, (1 + number) / (10 + number)))
        run.step += 1
        return figures

    def _prepared(self, part: StoredPart, setting: StepSetting, number: int) -> MaskedBatch:
        """Views and masks of a part, a pure function of seed, step and the part's number among all processes."""
        recipe = self.run.recipe
        seed = int(np.random.SeedSequence((recipe.seed, self.run.step, number)).generate_state(1)[0])
        generator = torch.Generator(self.device).manual_seed(seed)
        torch.manual_seed(seed)  # dropout
        image = part.image.to(self.device, non_blocking=True).float()[:, None] / 255.0
        sectors, targets = part.sectors.to(self.device), part.targets.to(self.device)
        plain = not recipe.augmentation
        view, shown = view_of(image, sectors, setting.size, generator, strong=False, plain=plain)
        other = None
        if setting.contrast > 0.0:
            other, _ = view_of(image, sectors, setting.size, generator, strong=True, plain=plain)
        cells = sector_cells_of(shown, setting.size // 2)
        patches = PATCHES[recipe.patches](cells, recipe.across)
        teacher, difficulty = None, None
        if recipe.target == "latent" or setting.hard_share > 0.0:
            with torch.no_grad(), torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
                teacher = self.run.teacher.encoder.encode(view).dense
                difficulty = self.run.teacher.scores(teacher, patches)
        masked = choose_patches(patches.valid, setting.ratio, generator, difficulty, setting.hard_share)
        return MaskedBatch(view, other, cells.inside, patches, masked, targets, teacher)

    def _silent(self, more_follow: bool) -> contextlib.AbstractContextManager[object]:
        """Without communication while further parts of the step follow."""
        if more_follow and isinstance(self.replica, nn.parallel.DistributedDataParallel):
            silent: contextlib.AbstractContextManager[object] = self.replica.no_sync()
            return silent
        return contextlib.nullcontext()
