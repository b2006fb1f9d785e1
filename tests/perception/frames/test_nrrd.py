"""NRRD sequences as 3D Slicer and Plus write them are read losslessly, with times and spacing."""

import bz2
import gzip
from pathlib import Path

import nrrd
import numpy as np
import pytest

from echopilot_core import EchoPilotError
from echopilot_perception.frames.readers.reading import read_clip

IMAGES = np.random.default_rng(3).integers(20, 255, (4, 40, 50)).astype(np.uint8)
PACKING = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}


def write(path: Path, *lines: str, samples: np.ndarray = IMAGES, encoding: str = "raw", sizes: str = "50 40 4") -> Path:
    """A sequence of `samples` (fastest axis last) with header lines of its own."""
    head = ["NRRD0005", "# a comment", "type: uint8", f"dimension: {len(sizes.split())}", f"sizes: {sizes}"]
    head += [f"encoding: {encoding}", "endian: little", *lines]
    names = [line.split(":")[0] for line in head]
    head = [line for k, line in enumerate(head) if line.split(":")[0] not in names[k + 1 :] or ":=" in line]
    path.write_bytes(("\n".join(head) + "\n\n").encode() + PACKING[encoding](samples.tobytes()))
    return path


@pytest.mark.parametrize("encoding", PACKING)
def test_every_encoding_holds_the_same_images(encoding: str, tmp_path: Path) -> None:
    found = read_clip(write(tmp_path / "a.nrrd", "spacings: 0.3 0.4 1", encoding=encoding))
    assert np.array_equal(found.gray, IMAGES) and not found.times.known
    assert found.region is not None
    assert (found.region.spacing_x_m, found.region.spacing_y_m) == pytest.approx((3e-4, 4e-4))


def test_what_pynrrd_writes_is_read(tmp_path: Path) -> None:
    nrrd.write(str(tmp_path / "a.nrrd"), IMAGES.transpose(2, 1, 0), {"spacings": [0.2, 0.2, 1.0]})
    assert np.array_equal(read_clip(tmp_path / "a.nrrd").gray, IMAGES)


def slicer(values: str = "0.0 0.04 0.08 0.12", unit: str = "s") -> list[str]:
    return [
        "space: left-posterior-superior",
        "space directions: (0.3,0,0) (0,0.3,0) (0,0,1) none",
        "kinds: domain domain domain list",
        'labels: "" "" "" "time"',
        f'units: "" "" "" "{unit}"',
        "space origin: (0,0,0)",
        "axis 3 index type:=numeric",
        f"axis 3 index values:={values}",
    ]


@pytest.mark.parametrize(("values", "unit"), [("0.0 0.04 0.08 0.12", "s"), ("10 50 90 130", "ms")])
def test_a_slicer_sequence_has_its_index_values_as_times(values: str, unit: str, tmp_path: Path) -> None:
    found = read_clip(write(tmp_path / "a.seq.nrrd", *slicer(values, unit), sizes="50 40 1 4"))
    assert np.array_equal(found.gray, IMAGES)
    assert found.times.known and found.times.seconds == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert found.region is not None and found.region.spacing_x_m == pytest.approx(3e-4)


@pytest.mark.parametrize(("values", "unit"), [("0 1 2 3", ""), ("0 0 1 2", "s"), ("0.1 0.2", "s"), ("a b c d", "s")])
def test_index_values_that_are_no_times_are_not_used(values: str, unit: str, tmp_path: Path) -> None:
    found = read_clip(write(tmp_path / "a.seq.nrrd", *slicer(values, unit), sizes="50 40 1 4"))
    assert not found.times.known


def test_the_list_may_be_the_first_axis(tmp_path: Path) -> None:
    lines = ["kinds: list domain domain domain", "space directions: none (0.3,0,0) (0,0.3,0) (0,0,1)"]
    found = read_clip(write(tmp_path / "a.nrrd", *lines, samples=np.moveaxis(IMAGES, 0, -1).copy(), sizes="4 50 40 1"))
    assert np.array_equal(found.gray, IMAGES)


def test_plus_fields_give_times_status_and_orientation(tmp_path: Path) -> None:
    fields = [f"Seq_Frame{k:04d}_Timestamp:={7.5 + 0.1 * k}" for k in range(4)]
    fields += ["Seq_Frame0001_ImageStatus:=INVALID", "UltrasoundImageOrientation:=UNA", "kinds: domain domain list"]
    found = read_clip(write(tmp_path / "a.igs.nrrd", *fields))
    assert np.array_equal(found.gray, IMAGES[[0, 2, 3], ::-1, ::-1])
    assert found.times.seconds == pytest.approx([0.0, 0.2, 0.3])


@pytest.mark.parametrize("lines", [["kinds: RGB-color domain domain list"], []])
def test_colors_are_channels(lines: list[str], tmp_path: Path) -> None:
    rgb = np.stack([IMAGES] * 3, axis=-1)
    found = read_clip(write(tmp_path / "a.nrrd", *lines, samples=rgb, sizes="3 50 40 4"))
    assert np.array_equal(found.gray, IMAGES)


@pytest.mark.parametrize(
    ("kind", "code", "factor", "shift"),
    [("short", "<i2", 10, -999), ("ushort", "<u2", 257, 0), ("float", "<f4", 1 / 255, 0), ("double", "<f8", 1, 0)],
)
def test_every_type_of_sample_shows_the_same_image(
    kind: str, code: str, factor: float, shift: float, tmp_path: Path
) -> None:
    full = IMAGES.copy()
    full[0, 0, :2] = (0, 255)
    found = read_clip(
        write(tmp_path / "a.nrrd", f"type: {kind}", samples=(full.astype(float) * factor + shift).astype(code))
    )
    assert np.abs(found.gray.astype(int) - full).max() <= 1


def test_big_endian_samples_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.nrrd", "type: uint16", "endian: big", samples=(IMAGES.astype(np.uint16) * 257).astype(">u2")
    )
    assert np.array_equal(read_clip(path).gray, IMAGES)


def test_a_detached_header_reads_the_file_beside_it_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(IMAGES.tobytes())
    assert np.array_equal(read_clip(write(tmp_path / "a.nhdr", "data file: a.raw")).gray, IMAGES)
    (tmp_path / "below").mkdir()
    for name in ("../a.raw", str(tmp_path / "a.raw"), "missing.raw", "LIST", "a%d.raw 1 4 1"):
        with pytest.raises(EchoPilotError, match=r"b\.nhdr"):
            read_clip(write(tmp_path / "below" / "b.nhdr", f"data file: {name}"))


@pytest.mark.parametrize("spacing", ["1 1 1", "0 0 1", "nan nan nan"])
def test_a_spacing_that_is_none_is_not_used(spacing: str, tmp_path: Path) -> None:
    assert read_clip(write(tmp_path / "a.nrrd", f"spacings: {spacing}")).region is None


@pytest.mark.parametrize(
    ("lines", "sizes", "words"),
    [
        ([], "50 40 5", "bytes of images"),
        ([], "10 10 10 8", "volumes"),
        (["type: block"], "50 40 4", "type"),
        (["sizes: 50 forty 4"], "50 40 4", "not a readable NRRD"),
        (["dimension: 7"], "50 40 4", "sizes"),
        ([], "900000 900000 4", "million"),
        ([], "50 0 4", "sizes"),
    ],
)
def test_what_does_not_fit_is_refused(lines: list[str], sizes: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(EchoPilotError, match=words) as caught:
        read_clip(write(tmp_path / "bad.nrrd", *lines, sizes=sizes))
    assert "bad.nrrd" in str(caught.value) and "\n" not in str(caught.value)


def test_packed_data_are_never_unpacked_beyond_their_size(tmp_path: Path) -> None:
    path = write(tmp_path / "bomb.nrrd", encoding="gzip", samples=np.zeros(200_000_000, np.uint8))
    with pytest.raises(EchoPilotError, match="8001 bytes"):
        read_clip(path)
