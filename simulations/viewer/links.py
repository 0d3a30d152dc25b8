"""The address of everything the viewer shows, served or exported."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote, unquote, urlencode

from afl.errors import NotFoundError


class Links(Protocol):
    """Where a page finds the others. Names and ids are any text."""

    @property
    def answers(self) -> bool:
        """Whether somebody reads what is asked behind a `?`: files on a disk do not."""
        ...

    @property
    def policy(self) -> str:
        """What pages may do, where no server says it with them."""
        ...

    def static(self, file: str) -> str:
        """A file of the style, the scripts, plotly."""
        ...

    def runs(self) -> str: ...

    def run(self, run: str) -> str: ...

    def sessions(self, run: str, wanted: Mapping[str, str | int] | None = None) -> str:
        """The sessions of a run, those that `wanted` (the page's own query) lets through."""
        ...

    def dialogue(
        self, run: str, session: str, turn: str = "", wanted: Mapping[str, str | int] | None = None
    ) -> str:
        """A session's dialogue, at one of its turns (`turn_anchor`), reached from the list of those `wanted`."""
        ...

    def compare(self, runs: Sequence[str], wanted: Mapping[str, str | int] | None = None) -> str:
        """These runs beside each other, and of their sessions those `wanted`."""
        ...

    def side_by_side(
        self, runs: Sequence[str], session: str, turn: str = "", wanted: Mapping[str, str | int] | None = None
    ) -> str:
        """One session as each of the runs recorded it, at one of its turns."""
        ...

    def judging(self, run: str, wanted: Mapping[str, str | int] | None = None) -> str:
        """What the user agent answered about items, the answers `wanted`."""
        ...

    def hints(self, base: str = "", wanted: Mapping[str, str | int] | None = None) -> str:
        """A knowledge base, of its hints those `wanted`; or all bases."""
        ...

    def flower(self, model: str = "", wanted: Mapping[str, str | int] | None = None) -> str:
        """A Flower model, of its titles those `wanted`; or all models."""
        ...


class Served:
    """Addresses of a viewer that is running."""

    answers = True
    policy = ""

    def static(self, file: str) -> str:
        return f"/static/{file}"

    def runs(self) -> str:
        return "/"

    def run(self, run: str) -> str:
        return f"/runs/{segment(run)}"

    def sessions(self, run: str, wanted: Mapping[str, str | int] | None = None) -> str:
        return f"{self.run(run)}/sessions{_query(wanted)}"

    def dialogue(
        self, run: str, session: str, turn: str = "", wanted: Mapping[str, str | int] | None = None
    ) -> str:
        return f"{self.run(run)}/sessions/{segment(session)}{_query(wanted)}" + (f"#{turn}" if turn else "")

    def compare(self, runs: Sequence[str], wanted: Mapping[str, str | int] | None = None) -> str:
        return f"/compare{_of_runs(runs, wanted)}"

    def side_by_side(
        self, runs: Sequence[str], session: str, turn: str = "", wanted: Mapping[str, str | int] | None = None
    ) -> str:
        return f"/compare/{segment(session)}{_of_runs(runs, wanted)}" + (f"#{turn}" if turn else "")

    def judging(self, run: str, wanted: Mapping[str, str | int] | None = None) -> str:
        return f"{self.run(run)}/judging{_query(wanted)}"

    def hints(self, base: str = "", wanted: Mapping[str, str | int] | None = None) -> str:
        return f"/hints/{segment(base)}{_query(wanted)}" if base else "/hints"

    def flower(self, model: str = "", wanted: Mapping[str, str | int] | None = None) -> str:
        return f"/flower/{segment(model)}{_query(wanted)}" if model else "/flower"


def _query(wanted: Mapping[str, str | int] | None) -> str:
    return _asked(_said(wanted))


def _of_runs(runs: Sequence[str], wanted: Mapping[str, str | int] | None) -> str:
    return _asked([*(("run", run) for run in runs), *_said(wanted)])


def _said(wanted: Mapping[str, str | int] | None) -> list[tuple[str, str | int]]:
    return [(key, value) for key, value in (wanted or {}).items() if value not in ("", None)]


def _asked(pairs: Sequence[tuple[str, str | int]]) -> str:
    return f"?{urlencode(pairs, errors='surrogatepass')}" if pairs else ""


def turn_anchor(phase: str, round: int, role: str, attempt: int) -> str:
    """What stands behind the # of a link to a turn: `loop-2-user`, `loop-2-user-1` for its first repair."""
    repair = f"-{attempt}" if attempt else ""
    return f"{segment(phase)}-{round}-{segment(role)}{repair}"


def segment(text: str) -> str:
    """Any text as one part of a path: letters, digits, `._-`; everything else as `~XX` per byte.

    Unlike percent signs, these survive every server and file system, and no part is empty, `.` or `..`.
    """
    if text in ("", ".", ".."):
        return text.replace(".", "~2E") or "~"
    quoted = quote(text.encode("utf-8", "surrogatepass"), safe="")
    return quoted.replace("~", "%7E").replace("%", "~")


def unsegment(part: str) -> str:
    """The text that `segment` was given. Raises `NotFoundError` for what it never gives."""
    try:
        text = "" if part == "~" else unquote(part.replace("%", "%25").replace("~", "%"), errors="surrogatepass")
    except UnicodeDecodeError:
        text = part
    if segment(text) != part:
        raise NotFoundError(f"there is nothing called {part!r} here")
    return text
