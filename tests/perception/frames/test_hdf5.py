"""UFF and zea files: scan-converted and beamformed images are read, data before images are refused in plain words."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.reading import read_clip

GRAY = np.random.default_rng(4).integers(20, 255, (3, 48, 64)).astype(np.uint8)


def uff(path: Path, data: np.ndarray, kind: str, **axes: np.ndarray) -> Path:
    """A file with beamformed `data` as USTB writes it; complex values in two parts."""
    with h5py.File(path, "w") as file:
        group = file.create_group("b_data")
        group.attrs["class"] = "uff.beamformed_data"
        scan = group.create_group("scan")
        scan.attrs["class"] = kind
        for name, axis in axes.items():
            scan[name] = axis[None]
        if np.iscomplexobj(data):
            group["data/real"], group["data/imag"] = data.real, data.imag
        else:
            group["data"] = data
    return path


def amplitude(gray: np.ndarray) -> np.ndarray:
    """Envelope that shows as `gray` over 60 dB."""
    return 10.0 ** ((gray / 255.0 - 1.0) * 3.0)


def linear(pixels: np.ndarray) -> dict[str, np.ndarray]:
    return {"x_axis": np.linspace(-0.0189, 0.0189, 64), "z_axis": 0.001 + 0.0004 * np.arange(48)}


@pytest.mark.parametrize("layout", ["matlab", "python", "one frame"])
@pytest.mark.parametrize("is_complex", [False, True])
def test_beamformed_data_on_a_linear_scan_is_the_image(layout: str, is_complex: bool, tmp_path: Path) -> None:
    shown = GRAY.copy()
    shown[0, 0, 0] = 255
    pixels = amplitude(shown).transpose(0, 2, 1).reshape(3, -1)  # depth runs fastest
    if is_complex:
        pixels = pixels * np.exp(1j * np.random.default_rng(0).uniform(0, 6, pixels.shape))
    data = {"matlab": pixels[:, None, None], "python": pixels.T[:, None, None], "one frame": pixels[:1]}[layout]
    found = read_clip(uff(tmp_path / "a.uff", data, "uff.linear_scan", **linear(pixels)))
    count = 1 if layout == "one frame" else 3
    assert np.abs(found.gray.astype(int) - shown[:count]).max() <= 1
    assert found.region is not None and not (count > 1 and found.times.known)
    assert (found.region.spacing_x_m, found.region.spacing_y_m) == pytest.approx((6e-4, 4e-4))


def test_a_sector_scan_is_scan_converted(tmp_path: Path) -> None:
    azimuth, depth = np.linspace(-0.6, 0.6, 121), np.linspace(0.0, 0.12, 401)
    lines = np.full((121, 401), 1e-4)
    lines[90, 300] = 1.0  # a point at 0.3 rad and 90 mm
    lines[88:93, 298:303] = 1.0
    found = read_clip(
        uff(tmp_path / "a.uff", lines.reshape(1, 1, 1, -1), "uff.sector_scan", azimuth_axis=azimuth, depth_axis=depth)
    )
    rows, columns = np.nonzero(found.gray[0] > 200)
    assert found.region is not None
    step_m = found.region.spacing_y_m
    middle = (found.gray.shape[2] - 1) / 2
    assert (columns.mean() - middle) * step_m == pytest.approx(0.09 * np.sin(0.3), abs=5e-4)
    assert rows.mean() * step_m == pytest.approx(0.09 * np.cos(0.3), abs=5e-4)
    assert not found.gray[0][:5, :5].any()  # outside the sector


@pytest.mark.parametrize(
    ("shape", "words"), [((3, 2, 1, 3072), "several channels"), ((3, 1, 1, 3000), "scan of 3072 points")]
)
def test_data_that_is_no_image_yet_is_refused(shape: tuple[int, ...], words: str, tmp_path: Path) -> None:
    data = np.random.default_rng(0).uniform(0, 1, shape)
    with pytest.raises(EchoPilotError, match=words):
        read_clip(uff(tmp_path / "a.uff", data, "uff.linear_scan", **linear(data)))


def test_radio_frequency_data_and_unknown_scans_are_refused(tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(0, 1, (1, 1, 1, 3072))
    with pytest.raises(EchoPilotError, match="before envelope detection"):
        read_clip(uff(tmp_path / "a.uff", data, "uff.linear_scan", **linear(data)))
    with pytest.raises(EchoPilotError, match=r"uff\.linear_3D_scan"):
        read_clip(uff(tmp_path / "a.uff", data, "uff.linear_3D_scan", **linear(data)))


@pytest.mark.parametrize("names", [["channel_data/data"], ["data/raw_data"], ["data/raw_data", "data/aligned_data"]])
def test_raw_channel_data_is_refused_in_plain_words(names: list[str], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        for name in names:
            file[name] = np.zeros((2, 3, 64, 8, 1), np.float32)
    with pytest.raises(EchoPilotError, match="raw channel data is not read"):
        read_clip(tmp_path / "a.hdf5")


def test_an_image_before_scan_conversion_is_refused_in_plain_words(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["data/image"] = GRAY
    with pytest.raises(EchoPilotError, match="before scan conversion"):
        read_clip(tmp_path / "a.hdf5")


@pytest.mark.parametrize("kind", ["levels", "decibels"])
def test_scan_converted_images_of_zea_are_read(kind: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["data/image_sc"] = GRAY if kind == "levels" else (GRAY / 255.0 * 60.0 - 60.0).astype(np.float32)
        file["scan/time_to_next_transmit"] = np.full((3, 10), 0.004)
    found = read_clip(tmp_path / "a.hdf5")
    assert np.abs(found.gray.astype(int) - GRAY).max() <= 1 and found.region is None
    assert found.times.known and found.times.seconds == pytest.approx([0.0, 0.04, 0.08])


def test_the_grid_of_newer_zea_files_gives_the_scale_where_it_is_even(tmp_path: Path) -> None:
    x, z = np.meshgrid(0.0003 * np.arange(64) - 0.01, 0.0002 * np.arange(48))
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["data/image/values"] = GRAY
        file["data/image/coordinates"] = np.stack([x, np.zeros_like(x), z], axis=-1)
    found = read_clip(tmp_path / "a.hdf5")
    assert np.array_equal(found.gray, GRAY) and found.region is not None
    assert (found.region.spacing_x_m, found.region.spacing_y_m) == pytest.approx((3e-4, 2e-4))
    with h5py.File(tmp_path / "a.hdf5", "a") as file:
        file["data/image/coordinates"][..., 0] *= 1.0 + np.arange(48)[:, None] / 20  # as beams fan out
    with pytest.raises(EchoPilotError, match="before scan conversion"):
        read_clip(tmp_path / "a.hdf5")


def test_claimed_sizes_links_and_other_files_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "huge.hdf5", "w") as file:
        file.create_dataset("data/image_sc", (100_000, 4000, 3000), np.uint8, chunks=(1, 4000, 3000))
    with pytest.raises(EchoPilotError, match="100000 frames"):
        read_clip(tmp_path / "huge.hdf5")
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["data/image_sc"] = GRAY
    with h5py.File(tmp_path / "link.hdf5", "w") as file:
        file.create_group("data")["image_sc"] = h5py.ExternalLink("other.hdf5", "data/image_sc")
    with pytest.raises(EchoPilotError, match="holds no images"):
        read_clip(tmp_path / "link.hdf5")
    (tmp_path / "secret.bin").write_bytes(GRAY.tobytes())
    with h5py.File(tmp_path / "outside.hdf5", "w") as file:
        outside = [(str(tmp_path / "secret.bin"), 0, GRAY.size)]
        file.create_dataset("data/image_sc", GRAY.shape, np.uint8, external=outside)
    with pytest.raises(EchoPilotError, match="other files"):
        read_clip(tmp_path / "outside.hdf5")
    (tmp_path / "text.h5").write_text("not an HDF5 file\n" * 40)
    with pytest.raises(EchoPilotError, match=r"text\.h5 is not a readable HDF5 file"):
        read_clip(tmp_path / "text.h5")
