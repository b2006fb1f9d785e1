"""Conversion of a packed image to Foxglove messages: image, and outlines as annotations."""

from typing import Any

from echopilot_report.page.live.image import PALETTE_HEX, unpacked

FRAME = "us_image"


def foxglove_messages(packed: bytes, stamp_ns: int | None = None) -> tuple[Any, Any]:
    """CompressedImage and ImageAnnotations of a packed image, with the stamp if given."""
    from foxglove import messages as m

    header, jpeg = unpacked(packed)
    stamp = None if stamp_ns is None else m.Timestamp(*divmod(stamp_ns, 1_000_000_000))
    outlines: Any = header.get("outlines", [])
    lines = [
        m.PointsAnnotation(
            timestamp=stamp,
            type=m.PointsAnnotationType.LineLoop,
            points=[m.Point2(x=x, y=y) for x, y in zip(flat[::2], flat[1::2], strict=True)],
            outline_color=_color(name),
            thickness=1.0,
        )
        for name, flat in outlines
    ]
    image = m.CompressedImage(timestamp=stamp, frame_id=FRAME, data=jpeg, format="jpeg")
    return image, m.ImageAnnotations(points=lines)


def _color(name: str) -> Any:
    from foxglove import messages as m

    value = PALETTE_HEX[name]
    red, green, blue = (int(value[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return m.Color(r=red, g=green, b=blue, a=1.0)
