"""The error of a name that does not exist: it lists the few names there are, or the nearest of many."""

from collections.abc import Iterable
from difflib import SequenceMatcher

from afl.errors import NotFoundError

LISTED = 12
"""Up to so many names are listed in full."""
_NEAREST = 3
_SIMILAR = 0.6
"""The least similarity of a suggestion, as `difflib` measures it."""


def unknown_name(
    kind: str, name: str, names: Iterable[str], *, otherwise: str = "none", listing: str = ""
) -> NotFoundError:
    """A `NotFoundError` of the form `no run is called 'frist'; did you mean 'first'?`

    `kind` is what was looked up. Up to twelve existing names are listed in full. Of more, the nearest are suggested;
    where none is similar, the first few are shown with `listing`, the command that lists all (without such a command,
    all are shown). `otherwise` stands in place of the list where there are no names at all.
    """
    hint = name_hint(name, names, otherwise=otherwise, listing=listing)
    return NotFoundError(f"no {kind} is called {name!r}; {hint}")


def name_hint(name: str, names: Iterable[str], *, otherwise: str = "none", listing: str = "") -> str:
    """The second half of such a message: which names there are."""
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
