"""Live image and state for Foxglove, read-only and on loopback, because its protocol has no sign-in."""

import json

from echopilot_core import EchoPilotError
from echopilot_report.page.live.foxglove_messages import foxglove_messages

HOST = "127.0.0.1"


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
        self._image = channels.CompressedImageChannel("bmode", context=context)
        self._outlines = channels.ImageAnnotationsChannel("outlines", context=context)
        self._state = foxglove.Channel("state", message_encoding="json", context=context)

    @property
    def port(self) -> int:
        """Port of the server."""
        return int(self._server.port)

    def image(self, message: bytes) -> None:
        """One packed image."""
        image, outlines = foxglove_messages(message)
        self._image.log(image)
        self._outlines.log(outlines)

    def state(self, text: str) -> None:
        """One message `state` of the page."""
        self._state.log(json.loads(text))

    def close(self) -> None:
        """End the server."""
        self._server.stop()
