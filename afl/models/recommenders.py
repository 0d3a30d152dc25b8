"""Base recommenders for `--recommender NAME[:ARG]`: a trained model, or suggestions read from a file."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from afl.data.catalogue import one_line
from afl.errors import DataError, UsageError
from afl.models.context import ModelContext
from afl.ports import Recommender
from afl.types import SessionView

if TYPE_CHECKING:
    from afl.models.scoring import TrainedModel


def best_candidates(views: Sequence[SessionView], scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """(S,) the candidate of each view with the highest of its (S, N) scores; of equals, the one shown first."""
    candidates = candidate_array(views)
    return np.asarray(candidates[np.arange(len(views)), scores.argmax(axis=1)], dtype=np.int64)


def candidate_array(views: Sequence[SessionView]) -> NDArray[np.int64]:
    """(S, N) the candidates of views that have equally many."""
    return np.array([view.candidates for view in views], dtype=np.int64)


class TrainedRecommender:
    """Suggests the candidate with the highest score; of equals, the one shown first."""

    def __init__(self, model: "TrainedModel") -> None:
        self.model = model

    @property
    def identity(self) -> str:
        """The key of the model: equal for equal suggestions."""
        return self.model.key

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view; all views have equally many candidates."""
        if not views:
            return np.empty(0, dtype=np.int64)
        return best_candidates(views, self.model.scores([view.history for view in views], candidate_array(views)))


class FileRecommender:
    """Suggests the titles of a file, by session id."""

    def __init__(self, path: Path, titles: Mapping[str, str], identity: str) -> None:
        self.path = path
        self.titles = titles
        self.identity = identity
        """SHA-256 (hex) of the file: equal for equal suggestions."""

    def suggest(self, views: Sequence[SessionView]) -> NDArray[np.int64]:
        """(S,) the suggested item of each view.

        Raises `UsageError` naming a session that is not in the file, or whose suggestion is not on its candidate list.
        """
        return np.array([self._suggestion(view) for view in views], dtype=np.int64)

    def _suggestion(self, view: SessionView) -> int:
        title = self.titles.get(view.session)
        if title is None:
            raise UsageError(f"{self.path}: no row for session {view.session!r}, expected one for every session")
        spellings = {title.casefold(), one_line(title).casefold()}
        for item, candidate_title in zip(view.candidates, view.candidate_titles, strict=True):
            if candidate_title.casefold() in spellings:
                return item
        raise UsageError(
            f"{self.path}: session {view.session!r} suggests {one_line(title)!r}, which is not on its candidate list; "
            "use the --seed and --candidates-from of the file"
        )


def trained_recommender(context: ModelContext) -> Recommender:
    """The model of the context's name, trained first if necessary; its argument is the training seed or settings."""
    from afl.models.registry import model_for_plugin  # suggestions from a file need no torch

    return TrainedRecommender(model_for_plugin(context))


def no_model(context: ModelContext) -> None:
    """`llm`: the language model recommends without suggestions of a base model.

    Raises `UsageError` for an argument: the language model is given by `--llm`.
    """
    if context.argument is not None:
        raise UsageError(
            f"got {context.name}:{context.argument}, expected {context.name} alone: --llm names the language model"
        )


def recommender_from_file(context: ModelContext) -> Recommender:
    """`file:PATH.csv` with columns id, generate and perhaps others: the suggested title of each session id.

    A column `real` is ignored: the target comes from the data set. Raises `UsageError` for a
    missing path or file, `DataError` naming file and line for a malformed one.
    """
    if context.argument is None:
        raise UsageError(f"got {context.name!r}, expected {context.name}:PATH.csv with columns id,generate")
    path = Path(context.argument).expanduser()
    content = _content(path)
    return FileRecommender(path, _titles(path, content), hashlib.sha256(content).hexdigest())


def read_suggestions(path: Path) -> dict[str, str]:
    """The suggested title of each session id, as the file has them; raises as `recommender_from_file` does."""
    return _titles(path, _content(path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}), expected a CSV file: id,generate") from None


def _titles(path: Path, content: bytes) -> dict[str, str]:
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in lines.fieldnames or ()]
        if not {"id", "generate"} <= set(header):
            raise DataError(f"{path}, line 1: got columns {', '.join(header) or 'none'}, expected id,generate")
        lines.fieldnames = header
        titles: dict[str, str] = {}
        for row in lines:
            session, title = _cells(path, lines.line_num, row)
            if session in titles:
                raise DataError(f"{path}, line {lines.line_num}: session {session!r} occurs twice")
            titles[session] = title
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: not UTF-8, expected a UTF-8 CSV file") from None
    except csv.Error as error:
        raise DataError(f"{path}, line {lines.line_num}: not CSV ({error})") from None
    return titles


def _cells(path: Path, line: int, row: Mapping[str | None, str | list[str] | None]) -> tuple[str, str]:
    session, title = row["id"], row["generate"]
    if not isinstance(session, str) or not isinstance(title, str) or None in row:
        raise DataError(f"{path}, line {line}: got more or fewer fields than columns, expected one per column")
    if not session.strip() or not title.strip():
        raise DataError(f"{path}, line {line}: id or generate is empty, expected both")
    return session.strip(), title.strip()
