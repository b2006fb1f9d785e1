"""Where a clip named on the command line lies."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from echopilot_core import EchoPilotError

DEFAULT_CLIP = "color3d_jpeg_baseline.dcm"


def find_clip(name: str) -> Path:
    """Path of a clip; 'default' is the apical four-chamber cine of the `pydicom-data` package (MIT).

    Raises EchoPilotError when there is nothing at that path.
    """
    if name == "default":
        try:
            packaged = files("pydicom-data") or []
        except PackageNotFoundError:
            raise EchoPilotError("the default clip needs the package pydicom-data: pip install pydicom-data") from None
        for file in packaged:
            if file.name == DEFAULT_CLIP:
                return Path(str(file.locate()))
        raise EchoPilotError(f"the installed pydicom-data holds no {DEFAULT_CLIP}")
    path = Path(name)
    if not path.exists():
        raise EchoPilotError(f"no clip at {path}; give a DICOM file, a video, a folder of pictures, or 'default'")
    return path
