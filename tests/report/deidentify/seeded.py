"""Objects with a fake name in every place where a name could be."""

import numpy as np
from pydicom import Dataset, config
from pydicom.datadict import DicomDictionary
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

NAME = "Zaphodia^Quexworth"
PARTS = (b"Zaphodia", b"Quexworth", b"ZAPHODIA", b"QUEXWORTH", b"19480229", b"1.2.3.4.5.777")
BIRTH, UID = "19480229", "1.2.3.4.5.777"
TEXTS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
SEEDS = {"DA": BIRTH, "DT": BIRTH + "101010", "AS": "099Y", "UI": UID}
NEEDED = frozenset(
    {
        "SOPClassUID",
        "TransferSyntaxUID",
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "BitsAllocated",
        "SpecificCharacterSet",
    }
)
"""Without these there is no image to clean."""
FRAMES, ROWS, COLUMNS, CORNER = 2, 60, 80, 12
INSIDE = (slice(15, 46), slice(15, 66))


def every_text() -> Dataset:
    """A seed under every keyword of the standard whose value is text, in groups that data sets may hold."""
    data = Dataset()
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        group = tag >> 16
        if not keyword or retired or keyword in NEEDED or group < 8 or group > 0x5400:
            continue
        value = NAME if vr == "PN" else NAME.upper().replace("^", " ")[:16] if vr in TEXTS else SEEDS.get(vr)
        if value is not None:
            with config.disable_value_validation():
                data.add_new(tag, vr, value)
    return data


def foreign() -> Dataset:
    """An ultrasound clip of another maker: seeds in every tag, nested, private, in the corners and in the preamble."""
    data = every_text()
    data.SOPClassUID = UltrasoundMultiFrameImageStorage
    data.SpecificCharacterSet = "ISO_IR 100"
    data.Manufacturer = "Quexworth"
    nested = every_text()
    nested.RegionLocationMinX0, nested.RegionLocationMinY0 = INSIDE[1].start, INSIDE[0].start
    nested.RegionLocationMaxX1, nested.RegionLocationMaxY1 = INSIDE[1].stop - 1, INSIDE[0].stop - 1
    nested.RegionSpatialFormat, nested.RegionDataType, nested.RegionFlags = 1, 1, 2
    nested.PhysicalUnitsXDirection = nested.PhysicalUnitsYDirection = 3
    nested.PhysicalDeltaX = nested.PhysicalDeltaY = 0.05
    data.SequenceOfUltrasoundRegions = Sequence([nested])
    data.RequestAttributesSequence = Sequence([every_text()])
    for holder in (data, nested):
        block = holder.private_block(0x0029, NAME.replace("^", " "), create=True)
        block.add_new(0x01, "LO", NAME)
        block.add_new(0x02, "OB", NAME.encode())
        holder.add_new(0x00E10010, "UN", NAME.encode())
    pixels = np.full((FRAMES, ROWS, COLUMNS), 90, np.uint8)
    for rows in (slice(0, CORNER), slice(-CORNER, None)):
        for columns in (slice(0, CORNER), slice(-CORNER, None)):
            pixels[:, rows, columns] = 255
    data.NumberOfFrames, data.Rows, data.Columns = FRAMES, ROWS, COLUMNS
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = pixels.tobytes() + NAME.encode()[: len(pixels.tobytes()) % 2]
    data["PixelData"].VR = "OB"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, UID
    data.file_meta.SourceApplicationEntityTitle = "QUEXWORTH"
    data.preamble = NAME.encode().ljust(128, b"\0")
    return data


def seed_everywhere(data: Dataset) -> None:
    """Overwrite every text of an object with a seed, at every depth, and add private tags."""
    for element in list(data):
        if element.VR == "SQ":
            for item in element.value:
                seed_everywhere(item)
        elif element.keyword in NEEDED | {"Manufacturer", "ManufacturerModelName"}:
            continue
        elif element.VR == "PN":
            element.value = NAME
        elif element.VR in TEXTS and not element.is_empty:
            element.value = NAME.upper().replace("^", " ")[:16]
    data.private_block(0x0029, "QUEXWORTH", create=True).add_new(0x01, "LO", NAME)
