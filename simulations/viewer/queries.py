"""The queries of the pages: what an address may hold after its question mark."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from memory.session_query import Result, SessionFilter

Row = TypeVar("Row")

PageNumber = Annotated[int, Field(ge=1, le=10_000_000)]
"""The number of a page of rows, from 1."""


class PageQuery(BaseModel):
    """The query of a page."""

    model_config = ConfigDict(extra="forbid")

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of an address that selects the same rows, from the first page; no defaults."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "page"}
        return {name: value for name, value in values.items() if value != type(self).model_fields[name].default}


def page_rows(rows: Sequence[Row], number: int, size: int) -> Sequence[Row]:
    """The rows of this page; none beyond the last page."""
    return rows[(number - 1) * size : number * size]


def page_count(total: int, size: int) -> int:
    """Pages that so many rows need, at least one."""
    return max(1, -(-total // size))


def none_if_empty(value: Any) -> Any:
    """A form submits its empty fields too."""
    return None if value == "" else value


_Number = Annotated[int | None, BeforeValidator(none_if_empty)]


class SessionQuery(PageQuery):
    """The fields of `SessionFilter`: which sessions of a run a list shows, or a dialogue reached from that list."""

    result: Annotated[Result | None, BeforeValidator(none_if_empty)] = None
    """Their result."""
    outcome: str = ""
    """How they ended: `ok`, or the outcome of the turn that failed."""
    rounds: _Number = None
    """The number of rounds they took."""
    least_rounds: _Number = None
    """They took this many rounds or more."""
    hit_after: _Number = None
    """Their last recommendation up to this round was the target."""
    accepted_in: _Number = None
    """The recommendation of this round was accepted."""
    item: str = ""
    """This title was recommended."""
    item_round: _Number = None
    """The round in which it was."""
    tool: str = ""
    """This recommender tool advised."""
    words: str = ""
    """Their reasons hold all of these words; `thrill*` matches all that begin so."""
    text: str = ""
    """Their id, target, suggestion or recommendations hold all of these words, or words that begin so."""

    @property
    def filter(self) -> SessionFilter:
        """As the database takes it. Raises `UsageError` for impossible numbers."""
        return SessionFilter(**{name: getattr(self, name) for name in SessionQuery.model_fields})
