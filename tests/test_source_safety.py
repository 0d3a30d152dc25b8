"""What no line of AFL does: unpickle, evaluate text, or hand it to a shell."""

import ast
import pickle
from pathlib import Path

import pytest

from afl.data.safe_unpickler import read_plain
from afl.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("afl", "agents", "memory", "simulations")
UNPICKLERS = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
    "jsonpickle",
}
READERS = {"read_pickle", "unsafe_load", "full_load", "allow_pickle"}
"""What unpickles under another name. `torch.load`, `numpy.load`: by their modules."""
WHITELISTING = "afl/data/safe_unpickler.py"


def sources() -> dict[str, ast.Module]:
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def names(node: ast.AST) -> set[str]:
    """The modules and attributes a line of code speaks of."""
    match node:
        case ast.Import():
            return {alias.name.partition(".")[0] for alias in node.names}
        case ast.ImportFrom():
            return {(node.module or "").partition(".")[0], *(alias.name for alias in node.names)}
        case ast.Attribute(value=ast.Name(id=module)):
            return {node.attr, f"{module}.{node.attr}"}
        case ast.keyword():
            return {node.arg or ""}
        case ast.Call(func=ast.Name(id=name)):
            return {f"{name}()"}
        case _:
            return set()


def said(files: dict[str, ast.Module], words: set[str]) -> set[str]:
    return {path for path, tree in files.items() if any(words & names(node) for node in ast.walk(tree))}


def test_only_the_whitelisting_reader_knows_of_pickle() -> None:
    assert said(sources(), UNPICKLERS) == {WHITELISTING}


def test_nothing_is_unpickled_under_another_name() -> None:
    loading = {f"{module}.load" for module in ("torch", "np", "numpy", "joblib", "pickle", "yaml")}
    assert said(sources(), READERS | loading) == set()


def test_the_whitelisting_reader_calls_its_own_unpickler_alone() -> None:
    tree = {WHITELISTING: sources()[WHITELISTING]}
    assert said(tree, {"pickle.load", "pickle.loads"}) == set()
    assert said(tree, {"pickle.Unpickler"}) == {WHITELISTING}


def test_no_text_is_run_as_code_or_by_a_shell() -> None:
    assert (
        said(sources(), {"eval()", "exec()", "compile()", "__import__()", "os.system", "os.popen", "shell"})
        == set()
    )


class Hostile:
    """A pickle that would write a file where it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("protocol", range(6))
def test_a_hostile_pickle_is_refused_before_it_does_anything(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Hostile(tmp_path / "touched"), protocol=protocol))
    with pytest.raises(DataError, match="refused to unpickle"):
        read_plain(tmp_path / "x.pkl")
    assert not (tmp_path / "touched").exists()
