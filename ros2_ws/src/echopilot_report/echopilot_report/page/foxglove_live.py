"""The same picture and state for Foxglove, read only and on loopback: its protocol knows no sign-in."""

import json
from typing import Any

from echopilot_core import EchoPilotError
from echopilot_report.page.picture import PALETTE_HEX, unpacked

HOST = "127.0.0.1"
FRAME = "us_image"


class FoxgloveLive:
    """Topics `bmode`, `outlines` and `state`. Raises EchoPilotError without the SDK or the port."""

    def __init__(self, port: int) -> None:
        try:
            import foxglove
            from foxglove import channels
        except ImportError as error:
            raise EchoPilotError("the Foxglove server needs foxglove-sdk: pip install 'echopilot[foxglove]'") from error
        self._context = context = foxglove.Context()  # its channels close when it goes
        try:
            self._server = foxglove.start_server(
                name="EchoPilot", host=HOST, port=port, capabilities=[], services=[], context=context
            )
        except RuntimeError as error:
            raise EchoPilotError(f"the Foxglove server cannot listen on {HOST}:{port}: {error}") from error
        self._picture = channels.CompressedImageChannel("bmode", context=context)
        self._outlines = channels.ImageAnnotationsChannel("outlines", context=context)
        self._state = foxglove.Channel("state", message_encoding="json", context=context)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.port)

    def picture(self, message: bytes) -> None:
        """One packed picture."""
        from foxglove import messages as m

        header, jpeg = unpacked(message)
        self._picture.log(m.CompressedImage(frame_id=FRAME, data=jpeg, format="jpeg"))
        outlines: Any = header.get("outlines", [])
        lines = [
            m.PointsAnnotation(
                type=m.PointsAnnotationType.LineLoop,
                points=[m.Point2(x=x, y=y) for x, y in zip(flat[::2], flat[1::2], strict=True)],
                outline_color=_colour(name),
                thickness=1.0,
            )
            for name, flat in outlines
        ]
        self._outlines.log(m.ImageAnnotations(points=lines))

    def state(self, text: str) -> None:
        """One state as the page gets it."""
        self._state.log(json.loads(text))

    def close(self) -> None:
        """End the server."""
        self._server.stop()


def _colour(name: str) -> Any:
    from foxglove import messages as m

    value = PALETTE_HEX[name]
    red, green, blue = (int(value[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return m.Color(r=red, g=green, b=blue, a=1.0)
