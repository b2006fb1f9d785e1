"""The private folder of a graph: sockets of its bonds, and the key that only processes of the same user can read."""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from echopilot_core import EchoPilotError

KEY_BYTES = 32
LONGEST_RUNTIME = 48  # bytes; sun_path of a Unix socket holds 108


def graph_folder(namespace: str) -> Path:
    """Folder of the graph in this ROS domain and namespace, made where it is missing.

    Below `$XDG_RUNTIME_DIR`, else, also where that is too long for the path of a socket, below `/tmp/echopilot-<uid>`.

    Raises:
        EchoPilotError: a folder on the way belongs to somebody else, is a link, or others may enter it.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = os.path.isabs(runtime) and len(os.fsencode(runtime)) <= LONGEST_RUNTIME
    base = Path(runtime) / "echopilot" if usable else Path(f"/tmp/echopilot-{os.getuid()}")
    domain = os.environ.get("ROS_DOMAIN_ID", "") or "0"
    digest = hashlib.sha256(f"{domain} {namespace.strip('/')}".encode()).hexdigest()[:12]
    for folder in (base, base / digest):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            raise EchoPilotError(f"{folder} cannot be made ({error.strerror}): set XDG_RUNTIME_DIR") from error
        private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
        if not private:
            raise EchoPilotError(f"{folder} is not a private folder of this user (mode 0700): remove it")
    return base / digest


def graph_key(folder: Path) -> bytes:
    """The key of a graph, made by whichever of its processes comes first.

    Raises:
        EchoPilotError: the file is damaged or cannot be read.
    """
    path = folder / "key"
    if not path.exists():
        draft = folder / f"key.{os.getpid()}.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(draft, path)  # whole or not at all, and never over another one's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    try:
        key = path.read_bytes()
    except OSError as error:
        raise EchoPilotError(f"{path} cannot be read ({error.strerror})") from error
    if len(key) != KEY_BYTES:
        raise EchoPilotError(f"{path} is damaged: end all nodes of this graph, then remove it")
    return key


def proof(key: bytes, role: str, side: str, nonce: bytes) -> bytes:
    """What an end that knows the key makes of the other end's nonce; `side` is "holder" or "watcher"."""
    return hmac.digest(key, b"\0".join((side.encode(), role.encode(), nonce)), "sha256")
