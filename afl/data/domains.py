"""Wording per domain: what its items are called and what people do with them."""

from afl.errors import UsageError
from afl.types import Domain

DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("music", "artist", "artists", "listen to", "listened to", "listener"),
        Domain("movie", "movie", "movies", "watch", "watched", "viewer"),
        Domain("game", "game", "games", "play", "played", "player"),
        Domain("item", "item", "items", "choose", "chose", "user"),
    )
}


def get_domain(name: str) -> Domain:
    """The wording registered under `name`."""
    if name not in DOMAINS:
        raise UsageError(f"got domain {name!r}, expected one of: {', '.join(DOMAINS)}")
    return DOMAINS[name]


_HINTS = {
    "music": ("lastfm", "last.fm", "last-fm", "last_fm", "music", "artist", "song"),
    "movie": ("ml-", "movie", "film", "netflix"),
    "game": ("steam", "game"),
}


def guess_domain(*names: str) -> Domain:
    """The wording that a source's names suggest, the most telling name first; else that of `item`."""
    told = (
        word for name in names for word, hints in _HINTS.items() if any(hint in name.lower() for hint in hints)
    )
    return get_domain(next(told, "item"))
