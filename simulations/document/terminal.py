"""Pages in the terminal: headings, text and tables as wide as there is room for; figures are left to HTML."""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text as RichText

from afl.sanitize import terminal_safe
from simulations.document.page import Block, Column, Facts, Figure, Page, Section, Table, Text

PLAIN_WIDTH = 110
"""Columns where stdout is no terminal."""

_STYLES = {"plain": "", "note": "dim", "warning": "yellow"}
_GAP = 2
_COMFORTABLE, _NARROW = 24, 13
"""Widths in screen columns to which text is folded, the second if need be, before a table is broken into parts."""


def console() -> Console:
    """Stdout, plain where it is not a terminal. No text is markup to it."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=width)


def plain(text: object) -> RichText:
    """Text from data or models: nothing in it is markup, and it holds no control characters."""
    return RichText(terminal_safe(str(text)))


def show(page: Page, out: Console | None = None) -> None:
    """Prints the page; warnings of its lead come last, where a terminal is read first."""
    out = out or console()
    parts: list[Sequence[RichText | RichTable]] = []
    parts += [[RichText(terminal_safe(page.title), "bold")]] if page.title else []
    lead = [_text(text) for text in page.lead if text.kind != "warning"]
    parts += [lead] if lead else []
    parts += [list(_section(section, out.width)) for section in page.sections]
    warnings = [_text(text) for text in page.lead if text.kind == "warning"]
    parts += [warnings] if warnings else []
    for number, part in enumerate(parts):
        if number:
            out.print()
        for line in part:
            out.print(line)


def _section(section: Section, width: int) -> Iterator[RichText | RichTable]:
    if section.title:
        yield RichText(terminal_safe(section.title), "bold")
    before: Block | None = None
    for block in section.blocks:
        if isinstance(block, Figure):
            continue
        if before is not None and (isinstance(before, Table) or isinstance(block, Table)):
            yield RichText()
        yield from _block(block, width)
        before = block


def _block(block: Block, width: int) -> Iterator[RichText | RichTable]:
    match block:
        case Text():
            yield _text(block)
        case Facts():
            yield _facts(block)
        case Table():
            if block.caption:
                yield RichText(terminal_safe(block.caption), "dim")
            yield from tables(block, width)
            if block.footer:
                yield RichText(terminal_safe(block.footer), "dim")


def _text(text: Text) -> RichText:
    return RichText(terminal_safe(text.text), _STYLES[text.kind])


def _facts(facts: Facts) -> RichTable:
    grid = RichTable.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in facts.rows:
        grid.add_row(plain(name), plain(value))
    return grid


def tables(table: Table, width: int) -> Iterator[RichTable]:
    """The table; where the numbers of a row have no room side by side, in parts that repeat its first columns.

    Text is folded to make room, numbers never are.
    """
    cells = [[terminal_safe(cell) for cell in row] for row in table.cells]
    for number, part in enumerate(_parts(table.columns, cells, width)):
        if number:
            yield RichTable.grid()
        yield _rich([table.columns[index] for index in part], [[row[index] for index in part] for row in cells])


def _parts(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[list[int]]:
    """Indices of the columns of each part: one part where text may be folded to make room, else several."""
    every = list(range(len(columns)))
    for least in (_COMFORTABLE, _NARROW):
        widths = [_width(columns[index], [row[index] for row in cells], least) for index in every]
        if sum(widths) + _GAP * (len(widths) - 1) <= width:
            return [every]
    widths = [_width(columns[index], [row[index] for row in cells], _COMFORTABLE) for index in every]
    first_number = next((index for index in every if columns[index].numeric), len(every))
    repeated = every[:first_number] or every[:1]
    free = width - sum(widths[index] + _GAP for index in repeated)
    parts: list[list[int]] = []
    used = free + 1
    for index in every[len(repeated) :]:
        if used + widths[index] > free:
            parts.append([*repeated])
            used = 0
        parts[-1].append(index)
        used += widths[index] + _GAP
    return parts or [every]


def _width(column: Column, cells: Sequence[str], least: int) -> int:
    """Columns of the screen that this one needs: numbers whole, text folded to `least`."""
    lines = chain.from_iterable(cell.split("\n") for cell in cells)
    widest = max(map(cell_len, lines), default=0)
    word = max(map(cell_len, column.heading.split()), default=0)
    return max(widest, word) if column.numeric else max(min(widest, least), word)


def _rich(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> RichTable:
    table = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    table.show_header = any(column.heading for column in columns)
    for index, column in enumerate(columns):
        if column.numeric:
            table.add_column(
                column.heading, justify="right", width=_width(column, [row[index] for row in cells], 0)
            )
        else:
            table.add_column(column.heading, overflow="fold")
    for row in cells:
        table.add_row(*map(RichText, row))
    return table
