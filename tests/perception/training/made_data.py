"""Small made images in the layouts of public data sets: a fan with a bright tissue and a dark ellipse in it."""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

HALF_ANGLE_RAD = np.deg2rad(38.0)


def fan(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Speckle (H, W) in a fan with its apex in the upper middle."""
    rows, columns = np.mgrid[:height, :width]
    angle, reach = np.arctan2(columns - (width - 1) / 2, rows - 4), np.hypot(columns - (width - 1) / 2, rows - 4)
    inside = (np.abs(angle) < HALF_ANGLE_RAD) & (reach < 0.93 * height) & (rows >= 4)
    speckle = np.random.default_rng(seed).integers(60, 200, (height, width))
    return np.where(inside, speckle, 0).astype(np.uint8)


def ellipse(height: int, width: int, scale: float) -> NDArray[np.bool_]:
    """Upright ellipse (H, W) in the middle of the fan, `scale` of the height long, half as wide."""
    rows, columns = np.mgrid[:height, :width]
    down, across = (rows - 0.5 * height) / (0.5 * scale * height), (columns - (width - 1) / 2) / (0.25 * scale * height)
    return np.asarray(down**2 + across**2 < 1.0)


def camus_patient(folder: Path, spacing_mm: tuple[float, float] = (0.4, 0.4), frames: int = 3) -> Path:
    """patient0001 with images and masks of LV in myocardium over LA, and an Info file."""
    import nibabel

    height, width = 400, 360
    home = folder / "patient0001"
    home.mkdir(parents=True)

    def save(name: str, images: NDArray[np.uint8]) -> None:
        image = nibabel.Nifti1Image(images.T, np.diag([-spacing_mm[0], -spacing_mm[1], 1.0, 1.0]))
        nibabel.save(image, home / f"{name}.nii.gz")

    for view in ("2CH", "4CH"):
        images, masks = [], []
        for i in range(frames):
            scale = 0.4 - 0.05 * i
            mask = np.where(ellipse(height, width, scale + 0.1), 2, 0)
            mask[ellipse(height, width, scale)] = 1
            mask[round(0.77 * height) : round(0.87 * height), width // 2 - 30 : width // 2 + 10] = 3
            images.append(np.where(mask == 1, 15, fan(height, width, i)).astype(np.uint8))
            masks.append(mask.astype(np.uint8))
        for moment, i in (("ED", 0), ("ES", -1)):
            save(f"patient0001_{view}_{moment}", images[i])
            save(f"patient0001_{view}_{moment}_gt", masks[i])
        save(f"patient0001_{view}_half_sequence", np.stack(images))
        save(f"patient0001_{view}_half_sequence_gt", np.stack(masks))
        (home / f"Info_{view}.cfg").write_text(
            f"ED: 1\nES: {frames}\nNbFrame: {frames}\nSex: F\nAge: 56\nImageQuality: Good\nEF: 54\nFrameRate: 54.2\n"
        )
    return folder


def disc_chords(scale: float, size: int = 112, discs: int = 20) -> NDArray[np.float64]:
    """Long axis and discs (1 + discs, 4) of the ellipse of that scale."""
    middle, half = (size - 1) / 2, 0.5 * scale * size
    downs = (np.arange(discs) + 0.5) / discs * 2.0 - 1.0
    across = 0.5 * half * np.sqrt(1.0 - downs**2)
    rows = 0.5 * size + half * downs
    axis = [[middle, 0.5 * size - half, middle, 0.5 * size + half]]
    return np.concatenate([axis, np.column_stack([middle - across, rows, middle + across, rows])])


def echonet(folder: Path, edv_ml: float = 100.0, esv_ml: float = 40.0) -> Path:
    """One video of six frames, outlined in frames 1 (ED) and 4 (ES)."""
    (folder / "Videos").mkdir(parents=True)
    writer = cv2.VideoWriter(str(folder / "Videos" / "0X1.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 50.0, (112, 112))
    scales = {1: 0.5, 4: 0.5 * (esv_ml / edv_ml) ** (1 / 3)}
    for i in range(6):
        image = fan(112, 112, i)
        image[ellipse(112, 112, scales.get(i, 0.45))] = 10
        writer.write(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    writer.release()
    with (folder / "FileList.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["FileName", "EF", "ESV", "EDV", "FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split"])
        rows.writerow(["0X1", 60.0, esv_ml, edv_ml, 112, 112, 50, 6, "TRAIN"])
    with (folder / "VolumeTracings.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["FileName", "X1", "Y1", "X2", "Y2", "Frame"])
        for frame, scale in scales.items():
            rows.writerows(["0X1.avi", *chord, frame] for chord in disc_chords(scale).tolist())
    return folder


def usgra(folder: Path) -> Path:
    """One rectangle of tissue below a black margin, with a vessel of a quarter of its depth and a nerve."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    image = np.zeros((480, 400), np.uint8)
    image[40:440] = np.random.default_rng(3).integers(60, 200, (400, 400))
    mask = np.zeros((480, 400, 3), np.uint8)
    cv2.circle(mask, (200, 240), 50, (0, 128, 0), -1)
    cv2.circle(mask, (90, 140), 20, (0, 0, 128), -1)
    cv2.imwrite(str(folder / "images" / "0001.png"), image)
    cv2.imwrite(str(folder / "masks" / "0001.png"), mask)
    return folder
