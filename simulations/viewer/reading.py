"""What every page is given: the store, opened for reading."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from memory.run import Run
from memory.store import Store
from simulations.viewer.links import unsegment


@dataclass(frozen=True, slots=True)
class Library:
    """The database behind the pages."""

    store: Store


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


Reading = Annotated[Library, Depends(_library)]
"""A page's parameter of this type is the database."""


async def _run(reading: Reading, run: str) -> Run:
    return await reading.store.run(unsegment(run))


NamedRun = Annotated[Run, Depends(_run)]
"""A page's parameter of this type is the run that `{run}` of its address names; 404 where there is none."""
