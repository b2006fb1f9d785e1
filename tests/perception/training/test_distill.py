"""A student learns what a teacher says, also of images without labels."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from tiny import disc_samples, tiny, wide  # noqa: E402

from echopilot_core import EchoPilotError  # noqa: E402
from echopilot_perception.heads import HEADS  # noqa: E402
from echopilot_perception.training import DEFAULT_SPEC, Samples, TrainConfig, stack  # noqa: E402
from echopilot_perception.training.batches import on_device, tensors  # noqa: E402
from echopilot_perception.training.distill import Distillation, Teacher  # noqa: E402
from echopilot_perception.training.loop import train  # noqa: E402
from echopilot_perception.training.samples import Sample  # noqa: E402

CONFIG = TrainConfig(epochs=4, batch=8, warmup_steps=2, learning_rate=1e-2, ema_decay=0.5, augmentation=False)


def teacher_of(network: torch.nn.Module) -> Teacher:
    network.eval()

    def teach(image: torch.Tensor) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            return dict(zip((head.name for head in HEADS), network(image), strict=True))

    return teach


def unlabeled(samples: Samples) -> Samples:
    return stack(Sample(image=image, labels=samples.labels[0] * 0 + 255) for image in samples.image)


def gaps(network: torch.nn.Module, teacher: Teacher, held_out: Samples) -> dict[str, float]:
    image = on_device(tensors(held_out), torch.device("cpu"))["image"]
    predicted = teacher_of(network)(image)
    wanted = teacher(image)
    probability = ("segmentation", "view")
    found = {n: (predicted[n].softmax(1) - wanted[n].softmax(1)).abs().mean() for n in probability}
    found |= {n: (predicted[n] - wanted[n]).abs().mean() for n in ("quality", "guidance")}
    return {name: float(gap) for name, gap in found.items()}


def test_student_gets_closer_to_its_teacher_on_held_out_images() -> None:
    config = replace(CONFIG, epochs=8, batch=4)
    teacher = teacher_of(train(disc_samples(16, seed=1), replace(config, epochs=6), network=wide).network)
    held_out = disc_samples(8, seed=2)
    distillation = Distillation(teacher, supervised=0.0)
    student = train(unlabeled(disc_samples(16, seed=3)), config, network=tiny, distillation=distillation).network
    before, after = (gaps(n, teacher, held_out) for n in (tiny(DEFAULT_SPEC, CONFIG.seed), student))
    for name, gap in after.items():
        assert gap < 0.8 * before[name], (name, before, after)


def test_labels_count_beside_the_teacher() -> None:
    """A teacher that says nothing definite does not keep the student from learning the labels."""
    blank = teacher_of(tiny(DEFAULT_SPEC, 7))
    data = disc_samples(16, seed=1)
    history = train(data, CONFIG, data, network=tiny, distillation=Distillation(blank, weight=0.05)).history
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]


def test_embedding_of_another_length_is_no_obstacle() -> None:
    outputs = teacher_of(wide(DEFAULT_SPEC, 7))

    def longer(image: torch.Tensor) -> dict[str, torch.Tensor]:
        return outputs(image) | {"embedding": torch.zeros(len(image), 999)}

    data = disc_samples(8, seed=1)
    train(data, replace(CONFIG, epochs=1), network=tiny, distillation=Distillation(longer))


def test_teacher_of_another_size_is_refused() -> None:
    data = disc_samples(8, seed=1)
    other = Distillation(lambda image: {"view": torch.zeros(len(image), 3)})
    with pytest.raises(EchoPilotError, match=r"output view of the teacher has size \(8, 3\)"):
        train(data, CONFIG, network=tiny, distillation=other)


def test_teacher_without_outputs_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="gives none of segmentation, view"):
        train(disc_samples(8, seed=1), CONFIG, network=tiny, distillation=Distillation(lambda image: {}))


def test_impossible_temperature_is_refused() -> None:
    with pytest.raises(EchoPilotError, match="temperature > 0"):
        Distillation(lambda image: {}, temperature=0.0)
