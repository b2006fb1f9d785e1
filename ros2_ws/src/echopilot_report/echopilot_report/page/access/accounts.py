"""Passwords of the roles: Argon2id hashes in one file readable by its owner alone."""

import json
import os
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from echopilot_core import EchoPilotError
from echopilot_core.guarded.json_input import read_json
from echopilot_report.page.access.roles import Role

MIN_CHARACTERS, MAX_CHARACTERS = 12, 128
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no characters that are easily confused
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP: cheap beside a control loop
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


def default_store() -> Path:
    """`$XDG_CONFIG_HOME/echopilot/page.json`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "echopilot" / "page.json"


def one_time_password() -> str:
    """Four groups of four, about 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def hashed(password: str) -> str:
    """Argon2id hash; raises EchoPilotError for a password that is too short or too long."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise EchoPilotError(
            f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters, this one {len(password)}"
        )
    return _HASHER.hash(password)


def role_named(name: str) -> Role:
    """Raises EchoPilotError with the valid choices."""
    try:
        return Role(name)
    except ValueError:
        raise EchoPilotError(f"unknown role '{name}'; choose one of {', '.join(r.value for r in Role)}") from None


def read_store(path: Path) -> dict[Role, str]:
    """Hash per role; {} without a file. Raises EchoPilotError when others may read it or it is no such file."""
    try:
        if path.stat().st_mode & 0o077:
            raise EchoPilotError(f"{path} can be read by others; chmod 600 {path}")
        document = read_json(path)
        return {Role(name): str(value) for name, value in document["passwords"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise EchoPilotError(f"{path} is no file of page passwords; remove it and set them anew") from error


def set_password(path: Path, role: Role, password: str) -> None:
    """Add or replace the password of a role; the file is written atomically, with mode 0600."""
    entries = {r.value: h for r, h in (read_store(path) | {role: hashed(password)}).items()}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"passwords": entries}, file, indent=2)
    os.replace(partial, path)


def is_right(hashes: dict[Role, str], role: Role, password: str) -> bool:
    """Check a password; takes equally long for a role without one. Uses 19 MiB while it runs."""
    known = hashes.get(role)
    try:
        _HASHER.verify(known or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None
