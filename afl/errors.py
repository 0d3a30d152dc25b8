"""The errors that AFL raises. A message says what was given, what was expected, and what to do next.

All of them end a command with exit code 2 and one line on stderr, except `ReplayError` and
`TimeLimitError` (exit code 1).
"""

from collections.abc import Iterable
from difflib import SequenceMatcher


class AFLError(Exception):
    """The base class: `except AFLError` catches every error that AFL raises on purpose."""

    exit_code = 2


class UsageError(AFLError, ValueError):
    """An option, name or value that cannot be used as given."""


class DataError(AFLError, ValueError):
    """A data file that does not conform to its format; names file, line and reason."""


class NotFoundError(AFLError, LookupError):
    """A data set, run, session, model or plug-in that does not exist under that name."""


class ModelError(AFLError, RuntimeError):
    """A model that cannot be trained, or a checkpoint that cannot be read."""


class ConflictError(AFLError, RuntimeError):
    """A run that exists with different settings, or that another process holds."""


class StorageError(AFLError, OSError):
    """A database or folder that cannot be opened, written or upgraded."""


class EndpointError(AFLError, ConnectionError):
    """A language model or download server that cannot be reached or rejects requests: wrong key, wrong model name."""


class WorkerError(AFLError, RuntimeError):
    """Workers of an engine that cannot be started, or were lost repeatedly."""


class TimeLimitError(AFLError, TimeoutError):
    """A run that was stopped at its time limit."""

    exit_code = 1


class ReplayError(AFLError, LookupError):
    """A replay needed a request that is not in the journal of the recorded run."""

    exit_code = 1


def first_line(error: object, otherwise: str = "") -> str:
    """The first line of another library's message, cut to 120 characters, for a message of one line."""
    return (str(error).splitlines() or [otherwise])[0][:120]


LISTED = 12
"""Up to this many names are listed in full."""
_NEAREST = 3
_SIMILAR = 0.6
"""The least similarity of a suggestion, as `difflib` measures it."""


def unknown_name(
    kind: str, name: str, names: Iterable[str], *, otherwise: str = "none", listing: str = ""
) -> NotFoundError:
    """A `NotFoundError` of the form `no run is called 'frist'; did you mean 'first'?`

    `kind` is what was looked up. Up to twelve existing names are listed in full. Of more, the nearest are suggested;
    where none is similar, the first few are shown with `listing`, the command that lists all (without such a command,
    all are shown). `otherwise` is shown where there are no names at all.
    """
    hint = name_hint(name, names, otherwise=otherwise, listing=listing)
    return NotFoundError(f"no {kind} is called {name!r}; {hint}")


def name_hint(name: str, names: Iterable[str], *, otherwise: str = "none", listing: str = "") -> str:
    """The second half of such a message: the names that exist."""
    existing = sorted(set(names))
    if len(existing) <= LISTED:
        return f"available: {', '.join(existing) or otherwise}"
    suggestions = nearest(name, existing)
    total = f"{len(existing)} in all" + (f", listed by: {listing}" if listing else "")
    if suggestions:
        return f"did you mean {' or '.join(map(repr, suggestions))}? ({total})"
    if listing:
        return f"available: {', '.join(existing[:_NEAREST])}, ... ({total})"
    return f"available: {', '.join(existing)}"


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three of the names that resemble this one, the most similar first; case does not count."""
    typed = name.casefold()
    scores = {candidate: _similarity(typed, candidate.casefold()) for candidate in names}
    similar = [candidate for candidate, score in scores.items() if score >= _SIMILAR]
    return sorted(similar, key=lambda candidate: (-scores[candidate], candidate))[:_NEAREST]


def _similarity(typed: str, candidate: str) -> float:
    """From 0 to 1; a name that contains the other counts as similar, however much longer it is."""
    ratio = SequenceMatcher(None, typed, candidate).ratio()
    contained = len(typed) > 2 and (typed in candidate or candidate in typed)
    return max(ratio, _SIMILAR) if contained else ratio
