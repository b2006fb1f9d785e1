"""Digest of the sources that determine the compiled kernels of a module.

numba inlines the globals of a kernel and links the kernels that it calls, wherever they are defined. So the digest
covers the module and, transitively, every module of ours that it imports from. A change elsewhere leaves it alone.
"""

import ast
import hashlib
import time
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_BEGAN_S = time.time()  # modules were read a moment before or will be read after


@cache
def source_digest(module: str) -> str | None:
    """Hexadecimal SHA-256 over the names and sources of `module` and of what it imports from, itself or indirectly.

    None when one of the files changed while this process runs: then they are not what it has imported.

    Followed are packages that share the first word of the module's own, as `echopilot_core` and `echopilot_sim` do.
    A package that only passes names on stands for the modules that define them; one that imports by name at run time
    stands for all its modules. Packages on the way to a module are not covered: they must change nothing in it.
    """
    family = module.split(".")[0].split("_")[0]
    covered: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in covered and name.split(".")[0].split("_")[0] == family and source_file(name) is not None:
            covered.add(name)
            waiting += _imports(name)
    sha = hashlib.sha256()
    for name in sorted(covered):
        sha.update(f"{name}\0{hashlib.sha256(_source(name)).hexdigest()}\0".encode())
    files = [file for name in covered if (file := source_file(name)) is not None]
    return sha.hexdigest() if all(file.stat().st_mtime <= _BEGAN_S for file in files) else None


@cache
def source_file(module: str) -> Path | None:
    """The Python file of `module`, found without importing it, or None."""
    top, *inner = module.split(".")
    for folder in _folders(top):
        place = folder.joinpath(*inner)
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                return file
    return None


@cache
def _folders(package: str) -> tuple[Path, ...]:
    """Folders of a top-level package."""
    try:
        spec = find_spec(package)
    except ValueError:  # a module without a specification, as __main__
        spec = None
    return tuple(Path(place) for place in spec.submodule_search_locations or ()) if spec is not None else ()


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules from which `module` takes names, anywhere in its source."""
    found: set[str] = set()
    if any(map(_imports_by_name, _statements(_tree(module).body))):
        package = module.split(".")[0]
        files = (file.relative_to(folder) for folder in _folders(package) for file in folder.rglob("*.py"))
        found |= {".".join([package, *file.with_suffix("").parts]).removesuffix(".__init__") for file in files}
    for node in _statements(_tree(module).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {_home(_absolute(module, node), alias.name) for alias in node.names}
    return frozenset(found)


def _imports_by_name(node: ast.AST) -> bool:
    """True for a statement that tells of imports whose names the source does not hold."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "importlib" and any(alias.name in ("import_module", "*") for alias in node.names)
    if isinstance(node, ast.Import):
        return any(alias.name == "importlib" for alias in node.names)
    if isinstance(node, ast.Assign):
        return any(ast.unparse(target) == "__getattr__" for target in node.targets)
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__" and len(node.args.args) == 1


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from _statements(getattr(node, part, ()))


def _home(module: str, name: str) -> str:
    """The module that defines `name` of `module`: a submodule, or the origin where `module` only passes it on."""
    if source_file(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    if source_file(module) is None or not _only_passes_on(module):
        return module
    for node in (n for n in _tree(module).body if isinstance(n, ast.ImportFrom)):
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                return _home(_absolute(module, node), alias.name)
    return module


@cache
def _only_passes_on(module: str) -> bool:
    def is_all(node: ast.stmt) -> bool:
        return isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["__all__"]

    def is_docstring(node: ast.stmt) -> bool:
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

    return all(isinstance(n, ast.ImportFrom) or is_all(n) or is_docstring(n) for n in _tree(module).body)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that an import names, with its leading dots resolved."""
    file = source_file(module)
    parts = module.split(".") + (["__init__"] if file is not None and file.name == "__init__.py" else [])
    base = parts[: -node.level] if node.level else []
    return ".".join([*base, *([node.module] if node.module else [])])


@cache
def _source(module: str) -> bytes:
    file = source_file(module)
    return file.read_bytes() if file is not None else b""


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module))
