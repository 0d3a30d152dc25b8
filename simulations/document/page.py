"""A page before it is HTML, Markdown or terminal output: sections of blocks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simulations.document import formats

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

LEFT_OUT = "and {count} more"


class Draw(Protocol):
    """Draws a figure; called only when the page is written."""

    def __call__(self) -> "MatplotlibFigure": ...


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
class Column:
    """A column of a table: its heading, and how its cells are written."""

    heading: str
    format: Callable[[Any], str] = formats.text
    """One of `simulations.document.formats`; cells are what it takes, or None for `formats.MISSING`."""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers: they are aligned at the right."""
        return self.format is not formats.text

    def write(self, value: Any) -> str:
        """A cell in words."""
        if value is None and self.format is not formats.dollars:
            return formats.MISSING
        return self.format(value)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values under a caption; the columns say how they are written."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    folded: bool = False
    """Whether readers open it themselves (in HTML)."""
    footer: str = ""
    """Below the last row: what was left out."""

    @classmethod
    def of(
        cls,
        caption: str,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        *,
        most: int | None = None,
        folded: bool = False,
    ) -> "Table":
        """The table, with at most `most` of the rows."""
        every = tuple(tuple(row) for row in rows)
        left_out = 0 if most is None else max(0, len(every) - most)
        footer = LEFT_OUT.format(count=formats.count(left_out)) if left_out else ""
        return cls(caption, tuple(columns), every[: len(every) - left_out], folded, footer)

    @property
    def cells(self) -> list[list[str]]:
        """The rows in words."""
        return [
            [column.write(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the page as HTML or Markdown; a terminal has the tables beside it."""

    name: str
    """Of its file, unique on the page."""
    caption: str
    alternative: str
    """Alternative text: what it shows, with its numbers."""
    draw: Draw


Block = Text | Facts | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its blocks."""

    title: str
    """Empty where the page has one section alone."""
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A report as people read it."""

    title: str
    lead: tuple[Text, ...] = ()
    """Before the first section; a terminal shows warnings last, where they are seen."""
    sections: tuple[Section, ...] = ()

    def figures(self) -> Iterator[Figure]:
        """The figures in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Figure))
