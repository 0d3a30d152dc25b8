"""`hetrec-lastfm`: HetRec 2011's artists of Last.fm: what users listened to, and when they tagged it.

| file | columns |
|---|---|
| `artists.dat` | id, name, url, pictureURL |
| `user_artists.dat` | userID, artistID, weight (how often listened to) |
| `user_taggedartists-timestamps.dat` | userID, artistID, tagID, timestamp (milliseconds) |
| `tags.dat` | tagID, tagValue |

Only tagging has a time in this release: a user's sequence consists of the artists that the user tagged, each at the
time of its first tag. Artists that were only listened to count as touched, so they are never sampled as negatives.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from afl.data import domains
from afl.data.catalogue import Attributes, Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences
from afl.data.importers import ImportOptions
from afl.data.importers._files import encoding_of, folder_with
from afl.data.importers._hetrec import numbered_rows, parse_int
from afl.data.importers._interactions import split_notes, without_title
from afl.data.split import split_sequences
from afl.errors import DataError

MAX_TAGS = 5
"""Maximum number of tags per artist."""
MIN_TAGGERS = 3
"""Minimum number of users who gave a tag to an artist; rarer tags would identify users."""

_LISTENED = "user_artists.dat"
_TAGGED = "user_taggedartists-timestamps.dat"


class _Tagging(NamedTuple):
    user: int
    artist: int
    tag: int
    milliseconds: int


def import_hetrec_lastfm(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder: a sequence per user who tagged, split 8:1:1.

    Artists stand in the order of their table, with the `tag`s that most users gave them. Raises `DataError` naming
    file, line and reason.
    """
    folder = folder_with(path, "hetrec-lastfm", _TAGGED)
    listened = _listened(folder / _LISTENED)
    taggings = [
        _Tagging(*row) for row in _int_rows(folder / _TAGGED, ("userID", "artistID", "tagID", "timestamp"))
    ]
    if not taggings:
        raise DataError(f"{folder / _TAGGED}: it holds no rows, expected one tagging a line")
    catalogue, notes = _catalogue(folder, listened, taggings)
    sequences, sequence_notes = _sequences(taggings, listened, catalogue)
    splits = split_sequences(sequences)
    wording = domains.get_domain(options.domain or "music")
    return Dataset(
        options.name, "hetrec-lastfm", wording, catalogue, splits, notes | sequence_notes | split_notes(splits)
    )


def _listened(file: Path) -> dict[int, list[int]]:
    artists: dict[int, list[int]] = defaultdict(list)
    for user, artist, _ in _int_rows(file, ("userID", "artistID", "weight")):
        artists[user].append(artist)
    return artists


def _int_rows(file: Path, columns: tuple[str, ...]) -> Iterable[list[int]]:
    for number, fields in numbered_rows(file, columns):
        yield [parse_int(file, number, name, text) for name, text in zip(columns, fields, strict=True)]


def _sequences(
    taggings: list[_Tagging], listened: Mapping[int, list[int]], catalogue: Catalogue
) -> tuple[Sequences, dict[str, str]]:
    first: dict[int, dict[int, int]] = defaultdict(dict)
    for tagging in sorted(taggings, key=lambda tagging: tagging.milliseconds):
        first[tagging.user].setdefault(tagging.artist, tagging.milliseconds // 1000)
    untimed = sum(len(set(artists) - set(first.get(user, ()))) for user, artists in listened.items())
    without_tags = len(listened.keys() - first.keys())
    item = catalogue.index
    sequences = [
        Sequence(
            str(user),
            tuple(item[str(artist)] for artist in times),
            tuple(times.values()),
            touched=tuple(item[str(artist)] for artist in dict.fromkeys((*times, *listened.get(user, ())))),
        )
        for user, times in first.items()
    ]
    return Sequences.of(sequences), {
        "order": "by the moment a user first tagged an artist; listening has no time in this release",
        "only listened to": f"{untimed:,} pairs of user and artist, in no sequence but known as touched; "
        f"{without_tags:,} users have nothing else and no sequence",
    }


# ---- artists


def _catalogue(
    folder: Path, listened: Mapping[int, list[int]], taggings: list[_Tagging]
) -> tuple[Catalogue, dict[str, str]]:
    file = folder / "artists.dat"
    names: dict[int, str] = {}
    for number, (text, name) in numbered_rows(file, ("id", "name"), encoding=encoding_of(file)):
        key = parse_int(file, number, "id", text)
        if key in names:
            raise DataError(f"{file}, line {number}: artist {key} occurs twice, expected each once")
        names[key] = name
    occurring = {tagging.artist for tagging in taggings}.union(*listened.values())
    missing = sorted(occurring - names.keys())
    tags = _tags(folder / "tags.dat", taggings)
    keys = [*names, *missing]
    titles = [*names.values(), *map(str, missing)]
    attributes: list[Attributes] = [{"tag": tags[key]} if tags.get(key) else {} for key in keys]
    return Catalogue.build([str(key) for key in keys], titles, attributes), without_title(len(missing), file.name)


def _tags(file: Path, taggings: list[_Tagging]) -> dict[int, tuple[str, ...]]:
    """The most frequent tags of each artist."""
    if not file.is_file():
        return {}
    tag_names = {
        parse_int(file, number, "tagID", tag): value.strip()
        for number, (tag, value) in numbered_rows(file, ("tagID", "tagValue"), encoding=encoding_of(file))
    }
    counts_by_artist: dict[int, Counter[int]] = defaultdict(Counter)
    for _, artist, tag in sorted({tagging[:3] for tagging in taggings}):
        counts_by_artist[artist][tag] += 1
    return {
        artist: tuple(
            tag_names[tag]
            for tag, users in counts.most_common(MAX_TAGS)
            if users >= MIN_TAGGERS and tag_names.get(tag)
        )
        for artist, counts in counts_by_artist.items()
    }
