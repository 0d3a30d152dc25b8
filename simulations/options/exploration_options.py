"""Options of an exploration, apart from data set, language model and lists."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from afl.errors import UsageError
from afl.hints.filters import Filter
from afl.option import at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationOptions:
    """Options that determine which hints are accepted; fixed when an exploration starts."""

    size: int = 20
    """Knowledge-base size, in hints."""
    others: int = 5
    """Number of other sessions of the batch on which a hint is tested."""
    helped: int = 1
    """Minimum number of those sessions that a hint has to help."""
    without: tuple[Filter, ...] = ()
    """Filters that are switched off."""
    batch: int = 8
    """Number of sessions per batch, whose lists, reflections and tests are requested concurrently."""

    def __post_init__(self) -> None:
        at_least("size", self.size, 1)
        at_least("others", self.others, 0)
        at_least("batch", self.batch, 2)
        if self.others >= self.batch:
            raise UsageError(f"--others: got {self.others}, expected at most {self.batch - 1}")

    def uses(self, name: Filter) -> bool:
        """Whether hints have to pass this filter."""
        return name not in self.without

    def configuration(self) -> dict[str, Any]:
        """JSON, one key per option."""
        return asdict(self) | {"without": [name.value for name in self.without]}

    @classmethod
    def resolve(cls, options: Mapping[str, Any], *, recorded: Mapping[str, Any] | None = None) -> Self:
        """These options, over those of a recorded exploration, over the defaults."""
        names = {field.name for field in fields(cls)}
        values = dict(recorded or {}) | {name: value for name, value in options.items() if name in names}
        return cls(**values | {"without": _filters(values.get("without", ()))})


def _filters(names: Sequence[str]) -> tuple[Filter, ...]:
    unknown = next((name for name in names if name not in tuple(Filter)), None)
    if unknown is not None:
        raise UsageError(f"--without: got {unknown!r}, expected one of: {', '.join(Filter)}")
    return tuple(name for name in Filter if name in names)
