"""The address of everything the viewer shows: on a running server, and in an exported site of files."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from posixpath import dirname, relpath
from typing import Protocol
from urllib.parse import quote, unquote, urlencode

from afl.errors import NotFoundError
from simulations.viewer.access import PLOTLY_STYLES

Query = Mapping[str, str | int] | None
"""A page's query parameters; empty and missing values are left out of the address."""


class Urls(Protocol):
    """Where a page finds the others. Names and ids are any text."""

    @property
    def interactive(self) -> bool:
        """Whether a server answers queries: files on a disk do not."""
        ...

    @property
    def content_security_policy(self) -> str:
        """The policy a page states itself, where no server sends it along."""
        ...

    def static(self, file: str) -> str:
        """A file of the style, the scripts, plotly."""
        ...

    def runs(self) -> str: ...

    def run(self, run: str) -> str: ...

    def sessions(self, run: str, query: Query = None) -> str:
        """The sessions of a run that match the query."""
        ...

    def dialogue(self, run: str, session: str, turn: str = "", query: Query = None) -> str:
        """A session's dialogue, at one of its turns (`turn_anchor`), reached from the list of sessions of `query`."""
        ...

    def compare(self, runs: Sequence[str], query: Query = None) -> str:
        """The comparison of these runs, with the sessions that match the query."""
        ...

    def side_by_side(self, runs: Sequence[str], session: str, turn: str = "", query: Query = None) -> str:
        """One session as each of the runs recorded it, at one of its turns."""
        ...

    def judging(self, run: str, query: Query = None) -> str:
        """The user agent's answers about items that match the query."""
        ...

    def hints(self, knowledge_base: str = "", query: Query = None) -> str:
        """A knowledge base, with the hints that match the query; or all knowledge bases."""
        ...

    def flower(self, model: str = "", query: Query = None) -> str:
        """A Flower model, with the titles that match the query; or all models."""
        ...


class ServedUrls:
    """Addresses of a running viewer."""

    interactive = True
    content_security_policy = ""

    def static(self, file: str) -> str:
        return f"/static/{file}"

    def runs(self) -> str:
        return "/"

    def run(self, run: str) -> str:
        return f"/runs/{encode_segment(run)}"

    def sessions(self, run: str, query: Query = None) -> str:
        return f"{self.run(run)}/sessions{_query_string(query)}"

    def dialogue(self, run: str, session: str, turn: str = "", query: Query = None) -> str:
        path = f"{self.run(run)}/sessions/{encode_segment(session)}"
        return path + _query_string(query) + _fragment(turn)

    def compare(self, runs: Sequence[str], query: Query = None) -> str:
        return f"/compare{_query_string(query, runs)}"

    def side_by_side(self, runs: Sequence[str], session: str, turn: str = "", query: Query = None) -> str:
        return f"/compare/{encode_segment(session)}{_query_string(query, runs)}{_fragment(turn)}"

    def judging(self, run: str, query: Query = None) -> str:
        return f"{self.run(run)}/judging{_query_string(query)}"

    def hints(self, knowledge_base: str = "", query: Query = None) -> str:
        return f"/hints/{encode_segment(knowledge_base)}{_query_string(query)}" if knowledge_base else "/hints"

    def flower(self, model: str = "", query: Query = None) -> str:
        return f"/flower/{encode_segment(model)}{_query_string(query)}" if model else "/flower"


class FileUrls:
    """Relative addresses, written from the page in one file of an exported site; the folder may be anywhere."""

    interactive = False
    content_security_policy = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' file:",  # browsers differ in what 'self' means for an opened file
            f"style-src 'self' file: {' '.join(PLOTLY_STYLES)}",
            "img-src 'self' file: data:",
            "form-action 'none'",
            "base-uri 'none'",
        )
    )

    def __init__(self, page_file: str, on_link: Callable[[str, str], None]) -> None:
        """`on_link` receives each linked file and the address a running viewer would answer with its content."""
        self._folder = dirname(page_file) or "."
        self._on_link = on_link
        self._served = ServedUrls()

    def static(self, file: str) -> str:
        return self._relative(f"static/{file}")

    def runs(self) -> str:
        return self._page("index", self._served.runs())

    def run(self, run: str) -> str:
        return self._page(f"{_run_folder(run)}/index", self._served.run(run))

    def sessions(self, run: str, query: Query = None) -> str:
        return self._page(f"{_run_folder(run)}/sessions/{_list_file(query)}", self._served.sessions(run, query))

    def dialogue(self, run: str, session: str, turn: str = "", query: Query = None) -> str:
        """One file, whichever list it was reached from."""
        file = f"{_run_folder(run)}/dialogues/{file_name(session)}"
        return self._page(file, self._served.dialogue(run, session)) + _fragment(turn)

    def compare(self, runs: Sequence[str], query: Query = None) -> str:
        return self._page(f"{_comparison_folder(runs)}/{_list_file(query)}", self._served.compare(runs, query))

    def side_by_side(self, runs: Sequence[str], session: str, turn: str = "", query: Query = None) -> str:
        """One file, whichever list it was reached from."""
        file = f"{_comparison_folder(runs)}/dialogues/{file_name(session)}"
        return self._page(file, self._served.side_by_side(runs, session)) + _fragment(turn)

    def judging(self, run: str, query: Query = None) -> str:
        return self._page(f"{_run_folder(run)}/judging/{_list_file(query)}", self._served.judging(run, query))

    def hints(self, knowledge_base: str = "", query: Query = None) -> str:
        if not knowledge_base:
            return self._page("hints/index", self._served.hints())
        file = f"hints/{file_name(knowledge_base)}/{_list_file(query)}"
        return self._page(file, self._served.hints(knowledge_base, query))

    def flower(self, model: str = "", query: Query = None) -> str:
        if not model:
            return self._page("flower/index", self._served.flower())
        return self._page(f"flower/{file_name(model)}/{_list_file(query)}", self._served.flower(model, query))

    def _page(self, name: str, address: str) -> str:
        self._on_link(f"{name}.html", address)
        return self._relative(f"{name}.html")

    def _relative(self, file: str) -> str:
        return relpath(file, self._folder)


def turn_anchor(phase: str, round: int, role: str, attempt: int) -> str:
    """The fragment (after the #) of a turn's address: `loop-2-user`, `loop-2-user-1` for its first repair."""
    repair = f"-{attempt}" if attempt else ""
    return f"{encode_segment(phase)}-{round}-{encode_segment(role)}{repair}"


def encode_segment(text: str) -> str:
    """Any text as one part of a path: letters, digits, `._-`; everything else as `~XX` per byte.

    Unlike percent signs, these survive every server and file system, and no part is empty, `.` or `..`.
    """
    if text in ("", ".", ".."):
        return text.replace(".", "~2E") or "~"
    quoted = quote(text.encode("utf-8", "surrogatepass"), safe="")
    return quoted.replace("~", "%7E").replace("%", "~")


def decode_segment(part: str) -> str:
    """The text that `encode_segment` was given. Raises `NotFoundError` for a part it never returns."""
    try:
        text = "" if part == "~" else unquote(part.replace("%", "%25").replace("~", "%"), errors="surrogatepass")
    except UnicodeDecodeError:
        text = part
    if encode_segment(text) != part:
        raise NotFoundError(f"there is nothing called {part!r} here")
    return text


_PORTABLE = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d|index)$)[a-z0-9][a-z0-9_-]{0,59}")
"""Names every file system accepts unchanged: some ignore case, some reserve names of their own."""
_READABLE_LENGTH, _CHECKSUM_LENGTH = 40, 16


def file_name(text: str) -> str:
    """Any text as the name of a file, different for different texts; it holds no dot, slash or capital."""
    part = encode_segment(text)
    if _PORTABLE.fullmatch(part):
        return part
    readable = re.sub(r"[^a-z0-9_-]+", "-", part.lower())[:_READABLE_LENGTH].strip("-")
    return f"{readable}~{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_CHECKSUM_LENGTH]}"


def _query_string(query: Query, runs: Sequence[str] = ()) -> str:
    pairs = [*(("run", run) for run in runs), *_parameters(query).items()]
    return f"?{urlencode(pairs, errors='surrogatepass')}" if pairs else ""


def _parameters(query: Query) -> dict[str, str | int]:
    """Without empty values, and without the number of the first page."""
    values = {key: value for key, value in (query or {}).items() if value not in ("", None)}
    return {key: value for key, value in values.items() if (key, value) != ("page", 1)}


def _fragment(turn: str) -> str:
    return f"#{turn}" if turn else ""


def _run_folder(run: str) -> str:
    return f"runs/{file_name(run)}"


def _comparison_folder(runs: Sequence[str]) -> str:
    """The same runs in another order are another comparison."""
    return f"compare/{file_name(chr(0).join(runs)) if runs else 'none'}"


def _list_file(query: Query) -> str:
    """A page of a list; its first one without a filter is `index`."""
    parameters = _parameters(query)
    return file_name("-".join(f"{key}-{value}" for key, value in parameters.items())) if parameters else "index"
