"""How large the code is and how its parts hang together, counted from the source: the table of docs/architecture.md.

    python -m benchmarks.structure                     this checkout
    python -m benchmarks.structure --beside FOLDER     another checkout in the column before it
    python -m benchmarks.structure --picture FILE      the picture of docs/architecture.md, as PNG

Lines of code are without blank lines, comments and docstrings. Parts are the direct children of `simulations`; two of
them are a pair where a file of the one imports a file of the other, imports inside functions included.
"""

import argparse
import ast
import io
import os
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import grimp

PACKAGES = ("afl", "agents", "memory", "simulations")
SMALL = 40
"""Files of fewer lines count as small."""
MOST_PARAMETERS = 8
_NOT_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


@dataclass(frozen=True)
class SourceFile:
    """A Python file, parsed once."""

    path: Path
    """Relative to the checkout."""
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def code_lines(self) -> int:
        """Lines that hold code: no blank lines, comments or docstrings."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        held = {
            line
            for token in tokens
            if token.type not in _NOT_CODE
            for line in range(token.start[0], token.end[0] + 1)
        }
        return len(held - self._docstring_lines())

    @cached_property
    def import_lines(self) -> int:
        return sum(
            (node.end_lineno or node.lineno) - node.lineno + 1
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        )

    @cached_property
    def long_signatures(self) -> list[str]:
        """Functions of more than eight parameters that are not a command's: their names."""
        return [
            f"{self.path}:{node.name}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and _parameters(node) > MOST_PARAMETERS
            and not self._is_command(node)
        ]

    @property
    def type_ignores(self) -> int:
        return self.text.count("# type: ignore")

    def _is_command(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Commands and studies are public functions whose signature is their command line."""
        parts = self.path.parts
        shown = parts[0] == "simulations" and parts[1] in ("commands", "studies", "cli")
        return shown and node in self.tree.body and not node.name.startswith("_")

    def _docstring_lines(self) -> set[int]:
        return {
            line
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in arguments)


@dataclass(frozen=True)
class Imports:
    """Which module imports which, inside one checkout."""

    edges: frozenset[tuple[str, str]]
    """(importer, imported)."""

    @cached_property
    def circles(self) -> list[list[str]]:
        """Groups of modules that import each other, directly or by way of others."""
        import networkx

        graph = networkx.DiGraph(list(self.edges))
        return sorted(sorted(group) for group in networkx.strongly_connected_components(graph) if len(group) > 1)

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(importer, imported) between the direct children of `simulations`."""
        inside = [(a.split("."), b.split(".")) for a, b in self.edges]
        return frozenset(
            (a[1], b[1])
            for a, b in inside
            if a[0] == b[0] == "simulations" and min(len(a), len(b)) > 1 and a[1] != b[1]
        )


@dataclass(frozen=True)
class Structure:
    """A checkout, counted."""

    files: tuple[SourceFile, ...]
    imports: Imports

    @classmethod
    def of(cls, root: Path) -> "Structure":
        """Reads the four packages under `root`."""
        paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
        files = tuple(SourceFile(path.relative_to(root), path.read_text(encoding="utf-8")) for path in paths)
        return cls(files, imports_of(root))

    @property
    def code_lines(self) -> int:
        return sum(file.code_lines for file in self.files)

    def rows(self) -> Iterator[tuple[str, str]]:
        """What is counted, with its number in words."""
        imports = sum(file.import_lines for file in self.files)
        yield "files", f"{len(self.files):,}"
        yield "lines", f"{sum(file.lines for file in self.files):,}"
        yield "lines of code", f"{self.code_lines:,}"
        yield "import lines, share of code", f"{imports / self.code_lines:.1%}"
        yield f"files under {SMALL} lines", str(sum(file.lines < SMALL for file in self.files))
        yield "circles of files", str(len(self.imports.circles))
        yield "pairs of parts of `simulations` with an import between them", str(len(self.imports.pairs))
        yield (
            f"functions over {MOST_PARAMETERS} parameters, commands aside",
            str(sum(len(file.long_signatures) for file in self.files)),
        )
        yield "`type: ignore`", str(sum(file.type_ignores for file in self.files))


_LISTING = """
import grimp, sys
graph = grimp.build_graph(*sys.argv[1:], cache_dir=None)
for module in graph.modules:
    for imported in graph.find_modules_directly_imported_by(module):
        print(module, imported)
"""


def imports_of(root: Path) -> Imports:
    """The imports between modules under `root`, read without running any of them."""
    assert grimp.__name__ == "grimp", "needed by the process below"
    environment = {**os.environ, "PYTHONPATH": str(root)}
    listing = subprocess.run(
        [sys.executable, "-c", _LISTING, *PACKAGES],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return Imports(frozenset((a, b) for a, b in (line.split() for line in listing.stdout.splitlines())))


def table(columns: Sequence[tuple[str, Structure]]) -> str:
    """A Markdown table, a column a checkout."""
    lines = [f"| | {' | '.join(name for name, _ in columns)} |", "|---|" + "---|" * len(columns)]
    rows = zip(*(structure.rows() for _, structure in columns), strict=True)
    lines += [f"| {row[0][0]} | {' | '.join(number for _, number in row)} |" for row in rows]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write the picture instead")
    parser.add_argument("--list", action="store_true", help="also name circles, pairs and long signatures")
    chosen = parser.parse_args(arguments)
    here = Structure.of(Path(__file__).resolve().parents[1])
    if chosen.picture is not None:
        from benchmarks.structure_picture import draw

        draw(here, chosen.picture)
        return 0
    columns = [("here", here)]
    if chosen.beside is not None:
        columns = [("before", Structure.of(chosen.beside.resolve())), ("after", here)]
    print(table(columns))
    if chosen.list:
        print(*(" <-> ".join(circle) for circle in here.imports.circles), sep="\n")
        print(*sorted(f"{a} -> {b}" for a, b in here.imports.pairs), sep="\n")
        print(*(name for file in here.files for name in file.long_signatures), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
