"""The query that selects sessions of a run: of their list, and of a dialogue reached from it."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from memory.session_query import Result, SessionFilter


def none_if_empty(value: Any) -> Any:
    """A form submits its empty fields too."""
    return None if value == "" else value


_Number = Annotated[int | None, BeforeValidator(none_if_empty)]


class SessionQuery(BaseModel):
    """The fields of `SessionFilter`."""

    model_config = ConfigDict(extra="forbid")

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
    """Their reasons hold all of these words; `thrill*` stands for all that begin so."""
    text: str = ""
    """Their id, target, suggestion or recommendations hold all of these words, or words that begin so."""

    @property
    def filter(self) -> SessionFilter:
        """As the database takes it. Raises `UsageError` for impossible numbers."""
        return SessionFilter(**{name: getattr(self, name) for name in SessionQuery.model_fields})

    @property
    def parameters(self) -> dict[str, str | int]:
        """The query parameters of an address; those at their default left out."""
        values = {name: getattr(self, name) for name in SessionQuery.model_fields}
        return {name: value for name, value in values.items() if value not in (None, "")}
