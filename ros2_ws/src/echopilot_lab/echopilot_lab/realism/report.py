"""Rendered against real images: the same measures on both, one table, and images side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from echopilot_core import EchoPilotError, ProbeKind
from echopilot_lab.realism import metrics
from echopilot_lab.realism.scenes import LICENSES, SCENES, SceneImage, missing_files, real_images, rendered_images
from echopilot_lab.util.owned_files import claim

DEFAULT_SEEDS = (600_000, 600_001, 600_002, 600_003, 600_004, 600_005)
DEPTHS_M = ((0.02, 0.06), (0.06, 0.10), (0.10, 0.15))
IMAGE_HEIGHT = 480
_JPEG_QUALITY = 85

Row = dict[str, float]


@dataclass(frozen=True)
class SceneComparison:
    """Measures of one scene: mean of the real and of the rendered images, least and greatest of the rendered."""

    scene: str
    real: Row
    rendered: Row
    least: Row
    greatest: Row
    histogram_distance: float


def bench_realism(
    console: Console, data: Path, seeds: tuple[int, ...] = DEFAULT_SEEDS, out: Path | None = None
) -> dict[str, Any]:
    """Compare every scene, print the table; `out` takes real and rendered images side by side.

    Raises:
        EchoPilotError: Real clips are missing, or no patient has the view of a scene.
    """
    cv2.setNumThreads(1)
    if out is not None:
        claim(out, [f"realism_{scene}{suffix}" for scene in LICENSES for suffix in (".jpg", ".png")])
    results = compare(data, seeds, out, lambda line: console.print(line, style="dim"))
    print_table(results, console)
    return as_json(results, seeds)


def check_data(data: Path) -> None:
    """Raise EchoPilotError that lists which real clips are missing under `data`."""
    missing = missing_files(data)
    if missing:
        raise EchoPilotError(f"no real clips under {data / 'ultrasound'}; missing: {', '.join(missing)}")


def compare(
    data: Path, seeds: tuple[int, ...] = DEFAULT_SEEDS, out: Path | None = None, say: Callable[[str], None] = print
) -> list[SceneComparison]:
    """Measure every scene on real clips and on virtual patients; write realism_*.jpg and .png into `out`.

    Raises EchoPilotError when clips are missing or no patient can be put into a scene.
    """
    check_data(data)
    results = []
    for scene in SCENES:
        say(f"{scene}: measuring the real clip")
        real = real_images(scene, data)
        rendered: list[SceneImage] = []
        for seed in seeds:
            say(f"{scene}: rendering patient {seed}")
            rendered += rendered_images(scene, seed)
        if not rendered:
            raise EchoPilotError(f"none of the patients {', '.join(map(str, seeds))} has the view of scene {scene}")
        results.append(_comparison(scene, real, rendered))
        if out is not None:
            _write_images(scene, real, rendered, out)
    return results


def _comparison(scene: str, real: list[SceneImage], rendered: list[SceneImage]) -> SceneComparison:
    measure = measure_air if scene == "air" else measure_tissue
    rows = [[measure(scene_image) for scene_image in images] for images in (real, rendered)]
    columns = [{k: np.array([row[k] for row in side]) for k in side[0]} for side in rows]
    levels = [
        np.concatenate([s.image[metrics.in_fan(s.image, s.geometry)] for s in images]) for images in (real, rendered)
    ]
    return SceneComparison(
        scene=scene,
        real={k: _mean(v) for k, v in columns[0].items()},
        rendered={k: _mean(v) for k, v in columns[1].items()},
        least={k: _end(v, np.min) for k, v in columns[1].items()},
        greatest={k: _end(v, np.max) for k, v in columns[1].items()},
        histogram_distance=metrics.histogram_distance(levels[0], levels[1]),
    )


def measure_tissue(scene_image: SceneImage) -> Row:
    """All measures of an image with contact."""
    polar = metrics.to_polar(scene_image.image, scene_image.geometry)
    levels = scene_image.image[metrics.in_fan(scene_image.image, scene_image.geometry)]
    speckle = metrics.speckle_statistics(polar)
    row = {f"gray level, {p}th percentile": float(np.percentile(levels, p)) for p in (10, 50, 90, 99)}
    row["black share of the fan"] = metrics.black_share(levels)
    row["speckle SNR (mean/std)"] = speckle.snr
    row["speckle Nakagami m"] = speckle.nakagami
    for near, far in DEPTHS_M:
        axial, lateral = metrics.speckle_size(polar, near, far)
        name = f"{1e3 * near:.0f}-{1e3 * far:.0f} mm [mm]"
        row[f"speckle axial, {name}"], row[f"speckle lateral, {name}"] = axial, lateral
    row["depth slope [dB/cm]"] = metrics.attenuation_slope(polar)
    row["side loss [dB]"] = metrics.side_loss(polar)
    row["shadow depth [dB]"] = metrics.shadow_depth(polar)
    if scene_image.lv is not None:
        contrast = metrics.cavity_contrast(scene_image.image, scene_image.lv, scene_image.geometry.spacing_x_m)
        row["LV cavity, mean gray"] = contrast.cavity
        row["LV wall, mean gray"] = contrast.wall
        row["LV wall over cavity [dB]"] = contrast.contrast_db
        row["LV wall, spread of gray"] = contrast.wall_spread
    return row


def measure_air(scene_image: SceneImage) -> Row:
    """Measures of an image without contact; for probes of both kinds together."""
    polar = metrics.to_polar(scene_image.image, scene_image.geometry)
    kind = "linear" if scene_image.geometry.kind == ProbeKind.LINEAR else "phased"
    row = {
        f"{k}, {name}": float("nan")
        for k in ("linear", "phased")
        for name in ("ring-down [mm]", "far noise, median gray")
    }
    row[f"{kind}, ring-down [mm]"] = 1e3 * metrics.ring_down_m(polar)
    row[f"{kind}, far noise, median gray"] = metrics.far_noise(polar)
    levels = scene_image.image[metrics.in_fan(scene_image.image, scene_image.geometry)]
    row["black share of the fan"] = metrics.black_share(levels)
    return row


def _mean(values: NDArray[np.float64]) -> float:
    good = values[np.isfinite(values)]
    return float(good.mean()) if good.size else float("nan")


def _end(values: NDArray[np.float64], end: Callable[[NDArray[np.float64]], Any]) -> float:
    good = values[np.isfinite(values)]
    return float(end(good)) if good.size else float("nan")


def print_table(results: list[SceneComparison], console: Console) -> None:
    """Both columns, scene by scene."""
    table = Table("scene", "measure", "real", "rendered", "least", "greatest", title="Rendered against real images")
    for column in table.columns[2:]:
        column.justify = "right"
    for result in results:
        table.add_row(result.scene, "histogram distance, gray levels", "0", f"{result.histogram_distance:.1f}", "", "")
        for name, real in result.real.items():
            numbers = (real, result.rendered[name], result.least[name], result.greatest[name])
            table.add_row(result.scene, escape(name), *(_number(n) for n in numbers))
        table.add_section()
    console.print(table)


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"


def as_json(results: list[SceneComparison], seeds: tuple[int, ...]) -> dict[str, Any]:
    """Everything that was measured; missing values are null."""

    def clean(row: Row) -> dict[str, float | None]:
        return {k: None if np.isnan(v) else round(v, 3) for k, v in row.items()}

    return {
        "seeds": list(seeds),
        "assumed_dynamic_range_db": metrics.DISPLAY_DB,
        "scenes": {
            r.scene: {
                "histogram_distance": round(r.histogram_distance, 2),
                "real": clean(r.real),
                "rendered": clean(r.rendered),
                "least": clean(r.least),
                "greatest": clean(r.greatest),
            }
            for r in results
        },
    }


def _write_images(scene: str, real: list[SceneImage], rendered: list[SceneImage], out: Path) -> None:
    """Real above, rendered below; the share-alike images of the air scene stay out."""
    out.mkdir(parents=True, exist_ok=True)
    if scene == "air":
        real = [s for s in real if s.geometry.kind == ProbeKind.LINEAR]
        rendered = [s for s in rendered if s.geometry.kind == ProbeKind.LINEAR]
    columns = min(3, len(real), len(rendered))
    shown = [rendered[i] for i in np.linspace(0, len(rendered) - 1, columns).round().astype(int)]
    rows = []
    for title, images in ((f"real ({LICENSES[scene]})", real[:columns]), ("rendered: virtual patients", shown)):
        tiles = [_tile(s) for s in images]
        row = np.hstack(tiles)
        cv2.putText(row, title, (8, IMAGE_HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 200, 1, cv2.LINE_AA)
        rows.append(row)
    width = max(r.shape[1] for r in rows)
    sheet = np.vstack([np.pad(r, ((0, 0), (0, width - r.shape[1]))) for r in rows])
    cv2.imwrite(str(out / f"realism_{scene}.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    cv2.imwrite(str(out / f"realism_{scene}.png"), sheet)


def _tile(scene_image: SceneImage) -> NDArray[np.uint8]:
    """The field of view alone, cut out and scaled to one height."""
    inside = metrics.in_fan(scene_image.image, scene_image.geometry)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    cut = np.where(inside, scene_image.image, 0)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    scale = IMAGE_HEIGHT / cut.shape[0]
    size = (round(cut.shape[1] * scale), IMAGE_HEIGHT)
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC), np.uint8)
