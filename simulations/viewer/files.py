"""The address of everything in an exported site: files that lead to each other, wherever the folder stands."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from posixpath import dirname, relpath

from simulations.viewer.access import PLOTLY_STYLES
from simulations.viewer.links import Served, segment

_PLAIN = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d|index)$)[a-z0-9][a-z0-9_-]{0,59}")
"""What every file system takes as it is. Some tell no capitals from small letters, some have names of their own."""
_SHOWN, _TOLD = 40, 16

_Query = Mapping[str, str | int] | None


def file_name(text: str) -> str:
    """Any text as the name of a file, different for different texts; it holds no dot, slash or capital."""
    part = segment(text)
    if _PLAIN.fullmatch(part):
        return part
    shown = re.sub(r"[^a-z0-9_-]+", "-", part.lower())[:_SHOWN].strip("-")
    return f"{shown}~{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_TOLD]}"


class Filed:
    """Addresses as a page in the file `at` writes them; `wanted` is told each file and what a viewer would answer."""

    answers = False
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' file:",  # of what an opened file is itself, browsers differ
            f"style-src 'self' file: {' '.join(PLOTLY_STYLES)}",
            "img-src 'self' file: data:",
            "form-action 'none'",
            "base-uri 'none'",
        )
    )

    def __init__(self, at: str, wanted: Callable[[str, str], None]) -> None:
        self._folder = dirname(at) or "."
        self._wanted = wanted
        self._served = Served()

    def static(self, file: str) -> str:
        return self._relative(f"static/{file}")

    def runs(self) -> str:
        return self._to("index", self._served.runs())

    def run(self, run: str) -> str:
        return self._to(f"{_run(run)}/index", self._served.run(run))

    def sessions(self, run: str, wanted: _Query = None) -> str:
        return self._to(f"{_run(run)}/sessions/{_list(wanted)}", self._served.sessions(run, wanted))

    def dialogue(self, run: str, session: str, turn: str = "", wanted: _Query = None) -> str:
        """One file, whichever list it was reached from."""
        file = f"{_run(run)}/dialogues/{file_name(session)}"
        return self._to(file, self._served.dialogue(run, session)) + _at(turn)

    def compare(self, runs: Sequence[str], wanted: _Query = None) -> str:
        return self._to(f"compare/{_beside(runs)}/{_list(wanted)}", self._served.compare(runs, wanted))

    def side_by_side(self, runs: Sequence[str], session: str, turn: str = "", wanted: _Query = None) -> str:
        """One file, whichever list it was reached from."""
        file = f"compare/{_beside(runs)}/dialogues/{file_name(session)}"
        return self._to(file, self._served.side_by_side(runs, session)) + _at(turn)

    def judging(self, run: str, wanted: _Query = None) -> str:
        return self._to(f"{_run(run)}/judging/{_list(wanted)}", self._served.judging(run, wanted))

    def hints(self, base: str = "", wanted: _Query = None) -> str:
        if not base:
            return self._to("hints/index", self._served.hints())
        return self._to(f"hints/{file_name(base)}/{_list(wanted)}", self._served.hints(base, wanted))

    def flower(self, model: str = "", wanted: _Query = None) -> str:
        if not model:
            return self._to("flower/index", self._served.flower())
        return self._to(f"flower/{file_name(model)}/{_list(wanted)}", self._served.flower(model, wanted))

    def _to(self, name: str, address: str) -> str:
        self._wanted(f"{name}.html", address)
        return self._relative(f"{name}.html")

    def _relative(self, file: str) -> str:
        return relpath(file, self._folder)


def _run(run: str) -> str:
    return f"runs/{file_name(run)}"


def _beside(runs: Sequence[str]) -> str:
    """Runs are told apart by their order too."""
    return file_name("\0".join(runs)) if runs else "none"


def _list(wanted: _Query) -> str:
    """A page of a list; its first one without a filter is `index`."""
    asked = {key: value for key, value in (wanted or {}).items() if value not in ("", None)}
    if asked.get("page") == 1:
        del asked["page"]
    return file_name("-".join(f"{key}-{value}" for key, value in asked.items())) if asked else "index"


def _at(turn: str) -> str:
    return f"#{turn}" if turn else ""
