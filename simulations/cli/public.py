"""The public functions of `simulations` and their first lines of documentation, read without importing them."""

import ast
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path


@cache
def public_functions() -> dict[str, str]:
    """Name -> module, of every name that `simulations` offers, as its stub states them."""
    stub = ast.parse(files("simulations").joinpath("__init__.pyi").read_text(encoding="utf-8"))
    imports = (node for node in stub.body if isinstance(node, ast.ImportFrom))
    return {name.name: f"simulations.{node.module}" for node in imports for name in node.names}


@cache
def summary_of(name: str) -> str:
    """The first line of a public function's docstring."""
    spec = find_spec(public_functions()[name])
    assert spec is not None, "the stub names modules that exist"
    assert spec.origin is not None, "they are files"
    module = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return first_line(ast.get_docstring(function))


def first_line(docstring: str | None) -> str:
    """Up to the first empty line, as one line without its full stop."""
    return " ".join((docstring or "").split("\n\n")[0].split()).removesuffix(".")
