"""Process behind a connection from this machine, so that processes that share an address can be told apart."""

import contextlib
import ipaddress
import os
import socket
import struct
from collections import deque

_recent: deque[int] = deque(maxlen=8)  # processes that were found last are looked at first
_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1  # of linux/netlink.h and linux/sock_diag.h
_HEADER = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ENDS = struct.Struct(">HH16s16s")  # ports and addresses
_REST = struct.Struct("=III")  # interface and cookie: any
_OWNER = struct.Struct("=II")  # user and inode, at the end of the fixed part of the answer
_OWNER_AT = _HEADER.size + 4 + 48 + 12


def source_of(address: str, port: int, to_port: int) -> str:
    """The process, else the user, that opened the connection from `address` and `port` to this machine's `to_port`.

    The address itself for a connection from elsewhere, and where Linux does not tell the owner.
    """
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return address
    if not host.is_loopback:
        return address
    owner = _owner(host, port, to_port)
    if owner is None:
        return address
    user, inode = owner
    process = _process_with(f"socket:[{inode}]")
    return f"user {user}" if process is None else f"process {process}"


def _owner(host: "ipaddress.IPv4Address | ipaddress.IPv6Address", port: int, to_port: int) -> tuple[int, int] | None:
    """User and inode of the client's socket, asked of the kernel for this one connection."""
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    packed = host.packed.ljust(16, b"\0")
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF) + _ENDS.pack(port, to_port, packed, packed)
    body = asked + _REST.pack(0, 0xFFFFFFFF, 0xFFFFFFFF)
    message = _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _REQUEST, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.sendto(message, (0, 0))
            answer = kernel.recv(4096)
    except OSError:
        return None
    if _HEADER.unpack_from(answer)[1] != _BY_FAMILY or len(answer) < _OWNER_AT + _OWNER.size:
        return None
    user, inode = _OWNER.unpack_from(answer, _OWNER_AT)
    return (user, inode) if inode else None


def _process_with(link: str) -> int | None:
    others = (int(name) for name in os.listdir("/proc") if name.isdecimal())
    for process in (*_recent, *others):
        folder = f"/proc/{process}/fd"
        with contextlib.suppress(OSError):  # another user's, or gone
            for number in os.listdir(folder):
                with contextlib.suppress(OSError):
                    if os.readlink(f"{folder}/{number}") == link:
                        if process not in _recent:
                            _recent.appendleft(process)
                        return process
    return None
