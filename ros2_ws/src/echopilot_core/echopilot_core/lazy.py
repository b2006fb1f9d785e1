"""Exports of a package that are imported on first use, so that importing the package loads none of its libraries."""

from collections.abc import Callable, Mapping
from importlib import import_module


def names_on_first_use(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """The `__getattr__` of a package whose names are imported when they are asked for (PEP 562).

    Args:
        package: `__name__` of the package.
        modules: the names that each of its modules defines; modules are relative to the package.

    Returns:
        A function from a name to the object; it raises AttributeError for names that are not listed.
    """
    home = {name: module for module, names in modules.items() for name in names}

    def named(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return named
