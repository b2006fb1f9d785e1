"""A recipe of pre-training: one YAML with strict keys."""

from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_core.guarded.bounded import one_line
from echopilot_core.guarded.values import NumberRange, choice_of, flag_of, keys_of, list_of, number_of
from echopilot_core.guarded.yaml_input import read_yaml
from echopilot_perception.pretraining.encoders.choice import ENCODERS, EncoderChoice

FOLDER = Path(__file__).parent
CHOICES = {
    "patches": ("polar", "square"),
    "target": ("pixel", "latent"),
    "device": ("auto", "cpu", "cuda"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
    "labels": ("auto", "folders", "none"),
    "other_organs": ("absent", "unknown"),
}
LIMITS = {
    "batch": NumberRange(2, 65_536, True),
    "accumulate": NumberRange(1, 4_096, True),
    "learning_rate": NumberRange(1e-8, 1.0),
    "weight_decay": NumberRange(0.0, 1.0),
    "warmup_steps": NumberRange(0, 1_000_000, True),
    "teacher_decay": NumberRange(0.0, 1.0),
    "temperature": NumberRange(0.01, 10.0),
    "growth": NumberRange(0.01, 100.0),
    "consistency": NumberRange(0.0, 100.0),
    "rank": NumberRange(0.0, 100.0),
    "across": NumberRange(2, 64, True),
    "seed": NumberRange(0, 2**31 - 1, True),
    "threads": NumberRange(1, 1_024, True),
    "save_every_steps": NumberRange(1, 1_000_000, True),
    "frames_per_clip": NumberRange(1, 100_000, True),
    "epochs": NumberRange(1, 100_000, True),
    "size": NumberRange(32, 256, True),
    "ratio": NumberRange(0.05, 0.95),
    "hard_share": NumberRange(0.0, 1.0),
    "reconstruction": NumberRange(0.0, 1_000.0),
    "tree": NumberRange(0.0, 1_000.0),
    "contrast": NumberRange(0.0, 1_000.0),
    "channels": NumberRange(4, 1_024, True),
    "depths": NumberRange(1, 64, True),
    "heads": NumberRange(1, 256, True),
    "lora_rank": NumberRange(0, 256, True),
}
FLAGS = ("normalized", "augmentation")
Span = tuple[float, float]
"""Value at the beginning and at the end of a stage."""


@dataclass(frozen=True)
class TrainingStage:
    """Some epochs; weights of losses, ratio of masked patches and share of hard ones move linearly over the stage."""

    epochs: int
    size: int  # side of the images
    ratio: Span = (0.6, 0.6)
    hard_share: Span = (0.0, 0.0)
    reconstruction: Span = (1.0, 1.0)
    tree: Span = (0.0, 0.0)
    contrast: Span = (0.0, 0.0)


@dataclass(frozen=True)
class DataChoice:
    """How folders become labels, and how many frames of a clip are taken."""

    labels: str = "auto"
    other_organs: str = "absent"
    frames_per_clip: int = 24


@dataclass(frozen=True)
class PretrainRecipe:
    """All settings of a run; `batch` counts the images of one step over all processes and parts."""

    stages: tuple[TrainingStage, ...]
    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    data: DataChoice = field(default_factory=DataChoice)
    patches: str = "polar"
    across: int = 8
    target: str = "pixel"
    normalized: bool = False
    augmentation: bool = True
    temperature: float = 0.1
    growth: float = 2.0
    consistency: float = 0.1
    rank: float = 0.1
    batch: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_steps: int = 50
    teacher_decay: float = 0.996
    seed: int = 1
    threads: int = 1
    device: str = "auto"
    precision: str = "auto"
    save_every_steps: int = 200
    name: str = field(default="", compare=False)

    @property
    def epochs(self) -> int:
        """Of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def identity(self) -> dict[str, Any]:
        """What a resumed run must share with its start: all but the machine."""
        places = ("device", "threads", "precision", "save_every_steps", "name")
        return {k: v for k, v in asdict(self).items() if k not in places}


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with EchoPilot."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read_recipe(name: str) -> PretrainRecipe:
    """Recipe by name or from a file; raises EchoPilotError with one line for one that is not complete and valid."""
    path = FOLDER / f"{name}.yaml" if name in shipped_recipes() else Path(name)
    if not path.is_file():
        raise EchoPilotError(f"recipe {one_line(name, 80)} is no file; choose {', '.join(shipped_recipes())} or a file")
    where = path.name
    given = keys_of(read_yaml(path, where), _names(PretrainRecipe, "name"), where)
    about = {"encoder": EncoderChoice, "data": DataChoice}
    values: dict[str, Any] = {"name": path.stem}
    for key, value in given.items():
        if key in about:
            chosen = keys_of(value, _names(about[key]), f"{where}, {key}")
            values[key] = about[key](**{k: _value(k, v, f"{where}, {key}: {k}") for k, v in chosen.items()})
        elif key == "stages":
            values[key] = _stages(value, where)
        else:
            values[key] = _value(key, value, f"{where}: {key}")
    if "stages" not in values:
        raise EchoPilotError(f"{where}: stages are missing; give a list of at least one")
    recipe = PretrainRecipe(**values)
    _check(recipe, where)
    return recipe


def _stages(given: object, where: str) -> tuple[TrainingStage, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= 100:
        raise EchoPilotError(f"{where}: stages must be a list of 1 to 100 mappings")
    stages = []
    for number, one in enumerate(given, 1):
        place = f"{where}, stage {number}"
        one = keys_of(one, _names(TrainingStage), place)
        missing = [f.name for f in fields(TrainingStage) if f.default is MISSING and f.name not in one]
        if missing:
            raise EchoPilotError(f"{place}: {', '.join(missing)} missing")
        values: dict[str, Any] = {}
        for key, value in one.items():
            ends = value if isinstance(value, list) and not LIMITS[key].whole else [value]
            if len(ends) not in (1, 2):
                raise EchoPilotError(f"{place}: {key} must be a number, or a list of its first and its last value")
            numbers = [number_of(end, LIMITS[key], f"{place}: {key}") for end in ends]
            values[key] = numbers[0] if LIMITS[key].whole else (float(numbers[0]), float(numbers[-1]))
        stages.append(TrainingStage(**values))
    return tuple(stages)


def _value(key: str, value: object, where: str) -> Any:
    if key == "name":
        return choice_of(value, ENCODERS, where)
    if key in CHOICES:
        return choice_of(value, CHOICES[key], where)
    if key in FLAGS:
        return flag_of(value, where)
    if key in ("depths", "heads"):
        return list_of(value, LIMITS[key], 4, where)
    return number_of(value, LIMITS[key], where)


def _check(recipe: PretrainRecipe, where: str) -> None:
    multiple = recipe.encoder.side_multiple
    if recipe.encoder.lora_rank and recipe.encoder.name != "swin":
        raise EchoPilotError(f"{where}, encoder: lora_rank is for swin alone; leave it out for {recipe.encoder.name}")
    for number, stage in enumerate(recipe.stages, 1):
        if stage.size % multiple or (stage.size // 2) % recipe.across:
            raise EchoPilotError(
                f"{where}, stage {number}: size {stage.size} must be a multiple of {multiple} for the encoder "
                f"{recipe.encoder.name}, and half of it one of across ({recipe.across})"
            )
        if max(*stage.reconstruction, *stage.tree, *stage.contrast) == 0.0:
            raise EchoPilotError(f"{where}, stage {number}: reconstruction, tree and contrast are all 0")


def _names(kind: type, *but: str) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in but)
