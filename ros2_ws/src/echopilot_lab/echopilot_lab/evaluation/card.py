"""The part of a model card that `echopilot eval` writes: figures on unseen patients with their intervals."""

from pathlib import Path
from typing import Any

from echopilot_lab.util.atomic_output import whole_file

TITLE = "## Unseen virtual patients"


def add_to_card(folder: Path, found: dict[str, Any]) -> None:
    """Replace this part of MODEL_CARD.md in a model folder; what stands before and after it stays."""
    path = folder / "MODEL_CARD.md"
    text = path.read_text()
    before, _, rest = text.partition(TITLE)
    after = rest.partition("\n## ")[2]
    parts = [before.rstrip(), _section(found), *([f"## {after.strip()}"] if after else [])]
    with whole_file(path) as draft:
        draft.write_text("\n\n".join(parts) + "\n")


def _section(found: dict[str, Any]) -> str:
    ends = found["intervals_95"]
    last = found["seed"] + found["patients"] - 1
    rows = [
        ("view accuracy", found["view_accuracy"], ends["view_accuracy"]),
        ("view accuracy, 10 degrees or mm from the border between a view and none", found["view_accuracy_clear"], None),
        ("ECE of the top view probability", found["ece"], None),
        ("quality, rank correlation", found["quality_spearman"], None),
        ("AUROC out of distribution", found["ood_auroc"], None),
        ("aortic diameter MAE [mm]", found["aortic_diameter_error_mm"]["mae"], ends["aortic_diameter_mae_mm"]),
        ("EF MAE [points]", found["ef_error_pct"]["mae"], ends["ef_mae_pct"]),
        ("Dice, mean of classes", found["dice_mean"], ends["dice_mean"]),
        *((f"Dice {name}", value, ends["dice"][name]) for name, value in found["dice"].items()),
    ]
    lines = [
        TITLE,
        "",
        f"`echopilot eval` on patients {found['seed']} to {last}, {found['frames']} images; Dice on the visible mask",
        "of frames that show the class; 95 % intervals by drawing patients again. Not to be compared with people.",
        "",
        "<!-- figures: eval.card -->",  # read by scripts/check_figures.py
        "| figure | value | 95 % |",
        "|---|---|---|",
        *(f"| {name} | {value:.3f} | {_span(span)} |" for name, value, span in rows),
        "",
        "<!-- figures: eval.card_findings -->",
        "| finding | sensitivity | specificity | AUROC | with, without, borderline |",
        "|---|---|---|---|---|",
    ]
    for name, f in found["findings"].items():
        rates = [
            f"{f[key]:.3f} ({f[f'{key}_95'][0]:.3f} to {f[f'{key}_95'][1]:.3f})"
            for key in ("sensitivity", "specificity")
        ]
        lines.append(
            f"| {name} | {' | '.join(rates)} | {f['auroc']:.3f} | {f['n_pos']}, {f['n_neg']}, {f['borderline']} |"
        )
    return "\n".join(lines)


def _span(ends: list[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
