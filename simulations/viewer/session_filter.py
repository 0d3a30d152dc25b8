"""Which sessions of a run an address asks for: the query of their list, and of a dialogue that was reached from it."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from memory.session_query import Result, SessionFilter


def none_if_empty(value: Any) -> Any:
    """A form sends its empty fields along."""
    return None if value == "" else value


_Number = Annotated[int | None, BeforeValidator(none_if_empty)]


class SessionQuery(BaseModel):
    """The fields of `SessionFilter`."""

    model_config = ConfigDict(extra="forbid")

    result: Annotated[Result | None, BeforeValidator(none_if_empty)] = None
    """What came of them."""
    outcome: str = ""
    """How they ended: `ok`, or the outcome of the turn that failed."""
    rounds: _Number = None
    """They took so many rounds."""
    least_rounds: _Number = None
    """They took so many rounds or more."""
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
        """Raises `UsageError` for numbers that no session can have."""
        return SessionFilter(**{name: getattr(self, name) for name in SessionQuery.model_fields})

    @property
    def parameters(self) -> dict[str, str | int]:
        """What is asked for, as the query of an address."""
        values = {name: getattr(self, name) for name in SessionQuery.model_fields}
        return {name: value for name, value in values.items() if value not in (None, "")}
