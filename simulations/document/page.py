"""A page before it is HTML or Markdown: sections of blocks, everything in them already in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

LEFT_OUT = "and {count} more"


class Draw(Protocol):
    """Draws a figure; called only when the page is written."""

    def __call__(self) -> "Drawn": ...


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    kind: Literal["plain", "note", "warning"] = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values, one below the other."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; every cell is text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()
    """Columns that hold numbers: aligned at the right."""
    folded: bool = False
    """Whether readers open it themselves (in HTML)."""
    ending: str = ""
    """What is said below the last row: what was left out."""

    @classmethod
    def of(
        cls,
        caption: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        numbers: Sequence[str] = (),
        most: int | None = None,
        folded: bool = False,
    ) -> "Table":
        """The table, with at most `most` of the rows."""
        shown = rows if most is None else rows[:most]
        ending = LEFT_OUT.format(count=len(rows) - len(shown)) if len(shown) < len(rows) else ""
        return cls(caption, tuple(columns), tuple(tuple(row) for row in shown), frozenset(numbers), folded, ending)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the words for who cannot see it."""

    name: str
    """Of its file, unique on the page."""
    caption: str
    alternative: str
    """What it shows, with its numbers."""
    draw: Draw


Block = Text | Facts | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on a page, in order."""

    title: str
    lead: tuple[Text, ...]
    sections: tuple[Section, ...]

    def figures(self) -> Iterator[Figure]:
        """The figures in the order they stand."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Figure))
