"""Wording per domain: the nouns for items and users, and the verb for an interaction."""

from collections.abc import Mapping
from dataclasses import asdict

from afl.errors import UsageError
from afl.types import Domain

DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("music", "artist", "artists", "listen to", "listened to", "listener"),
        Domain("movie", "movie", "movies", "watch", "watched", "viewer"),
        Domain("game", "game", "games", "play", "played", "player"),
        Domain("item", "item", "items", "choose", "chose", "user", participle="chosen"),
    )
}


def get_domain(name: str) -> Domain:
    """The wording registered under `name`."""
    if name not in DOMAINS:
        raise UsageError(f"got domain {name!r}, expected one of: {', '.join(DOMAINS)}")
    return DOMAINS[name]


def domain_fields(domain: Domain) -> dict[str, str]:
    """The fields that a data set stores and hashes: all but a participle that `read_domain` adds by itself."""
    fields = asdict(domain)
    without = {name: text for name, text in fields.items() if name != "participle"}
    return without if read_domain(without) == domain else fields


def read_domain(fields: Mapping[str, str]) -> Domain:
    """The domain with these fields; data sets stored without a participle get that of the built-in wording."""
    builtin = DOMAINS.get(fields["name"])
    if "participle" not in fields and builtin is not None and builtin.past == fields["past"]:
        return Domain(**fields, participle=builtin.participle)
    return Domain(**fields)


_KEYWORDS = {
    "music": ("lastfm", "last.fm", "last-fm", "last_fm", "music", "artist", "song"),
    "movie": ("ml-", "movie", "film", "netflix"),
    "game": ("steam", "game"),
}


def guess_domain(*names: str) -> Domain:
    """The wording suggested by the names of file and folder, the first match winning; by default that of `item`."""
    matches = (
        domain
        for name in names
        for domain, keywords in _KEYWORDS.items()
        if any(keyword in name.lower() for keyword in keywords)
    )
    return get_domain(next(matches, "item"))


def choose_domain(name: str | None, *suggested_by: str) -> Domain:
    """The wording of this name; without one, the wording that the names of file and folder suggest."""
    return get_domain(name) if name else guess_domain(*suggested_by)
