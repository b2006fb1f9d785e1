"""OpenIGTLink (versions 1 to 3): messages to dataclasses and back, without a socket (openigtlink.org, protocol 3)."""

from echopilot_wire.igtl.content import (
    STATUS_OK,
    IgtlImage,
    IgtlStatus,
    from_igtl_image,
    from_igtl_status,
    from_igtl_string,
    from_igtl_transform,
    to_igtl_image,
    to_igtl_status,
    to_igtl_string,
    to_igtl_transform,
)
from echopilot_wire.igtl.envelope import HEADER_BYTES, IgtlHeader, IgtlMessage, open_body, pack, read_header

__all__ = [
    "HEADER_BYTES",
    "STATUS_OK",
    "IgtlHeader",
    "IgtlImage",
    "IgtlMessage",
    "IgtlStatus",
    "from_igtl_image",
    "from_igtl_status",
    "from_igtl_string",
    "from_igtl_transform",
    "open_body",
    "pack",
    "read_header",
    "to_igtl_image",
    "to_igtl_status",
    "to_igtl_string",
    "to_igtl_transform",
]
