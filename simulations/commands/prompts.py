"""`afl prompts export`: every built-in prompt as a file, with a page that explains each."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from afl.option import OUTPUT, Argument, Option

PAGE = "PROMPTS.md"


@dataclass(frozen=True, slots=True)
class ExportedPrompt:
    """A text, as a file."""

    name: str
    file: str
    agent: str
    """Who is sent it."""
    when: str
    fields: tuple[str, ...]
    """The fields that it may have."""


@dataclass(frozen=True, slots=True)
class ExportedPrompts:
    """What was written where."""

    folder: str
    page: str
    written: int
    """Files that were not there yet, or differed; the page included."""
    prompts: tuple[ExportedPrompt, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `prompts export --json`."""
        return asdict(self)


def prompts_export(
    folder: Annotated[str | Path, Argument("Folder to write, made where it is missing", "DIR")],
    *,
    replace: Annotated[bool, Option("Replace files that differ", OUTPUT)] = False,
) -> ExportedPrompts:
    """Write every built-in prompt as a file to change, for `--prompts`, and a page that explains each.

    The page is `PROMPTS.md`: when a text is sent, to which agent, and what its fields stand for. Raises `ConflictError`
    where files of these names differ, unless `replace`: nothing is written then.
    """
    from agents.prompts import Prompts
    from agents.prompts.page import page
    from agents.prompts.texts import TEXTS

    texts = Prompts.load().texts
    files = {f"{text.name}.txt": f"{texts[text.name]}\n" for text in TEXTS} | {PAGE: page()}
    written = _write(Path(folder), files, replace=replace)
    prompts = (ExportedPrompt(text.name, f"{text.name}.txt", text.agent, text.when, text.fields) for text in TEXTS)
    return ExportedPrompts(str(folder), PAGE, written, tuple(prompts))


def _write(folder: Path, files: dict[str, str], *, replace: bool) -> int:
    """Writes the files that are missing or differ; their number."""
    from afl.errors import ConflictError, StorageError

    try:
        current = {name: _content(folder / name) for name in files}
        new = {name: text for name, text in files.items() if current[name] != text.encode()}
        differing = [name for name in new if current[name] is not None]
        if differing and not replace:
            others = f" and {len(differing) - 1} others" if len(differing) > 1 else ""
            raise ConflictError(
                f"{folder / differing[0]}{others} would be overwritten; name a new folder, or give --replace"
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in new.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return len(new)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
