"""The demo data set: real films, synthetic viewers with known tastes, no download."""

from pathlib import Path
from typing import Annotated

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.data.domains import get_domain
from afl.data.importers import ImportOptions
from afl.data.importers.demo.films import Film, all_films
from afl.data.importers.demo.taste import taste_of, user_id
from afl.data.importers.demo.viewing import viewing_of
from afl.data.split import split_sequences
from afl.errors import UsageError
from afl.option import DATA, Option

MAX_USERS = 100_000


def import_demo(
    path: Path | None,
    options: ImportOptions,
    *,
    users: Annotated[int, Option("Number of users of demo", DATA)] = 1000,
) -> Dataset:
    """The demo data set with this number of viewers; the n-th viewer does not depend on their number.

    Raises `UsageError` for a path, and for less than 10 or more than 100,000 users.
    """
    if path is not None:
        raise UsageError(f"got path {str(path)!r}, but demo takes none: its data is generated")
    if not 10 <= users <= MAX_USERS:
        raise UsageError(f"--users: got {users}, expected 10 to {MAX_USERS:,}")
    sequences = [viewing_of(taste_of(user_id(number + 1))) for number in range(users)]
    return Dataset(
        name=options.name,
        format="demo",
        domain=get_domain(options.domain or "movie"),
        catalogue=catalogue(),
        splits=split_sequences(sequences),
        notes={"source": "real films, synthetic viewers"},
    )


def catalogue() -> Catalogue:
    """The films as a catalogue: keys "f0001", ..., and the attributes of each film."""
    return Catalogue.build(
        keys=[f"f{number:04d}" for number in range(1, len(all_films()) + 1)],
        titles=[film.title for film in all_films()],
        attributes=[_attributes(film) for film in all_films()],
    )


def _attributes(film: Film) -> dict[str, tuple[str, ...]]:
    return {
        "genre": film.genres,
        "year": (str(film.year),),
        "era": (film.era,),
        "director": (film.director,),
        "country": (film.country,),
    }
