"""Parses a ranked list from replies of real models.

The rules, in order (docs/agents.md shows an example of each):

1. The list follows the last line with `Items:`, with any formatting. `Item 1: ...`, `Item 2: ...` is a list too.
   Without either, the last lines numbered 1, 2, 3, ... are used if every one of them is a candidate; if only some
   are, in a list that is long enough, it is off the list.
2. If lines are numbered, the numbered ones count; else those with a bullet; else all up to a `Reason:`.
3. Each is matched by `agents.matching` without its line number; nothing is guessed. Titles on one line, with commas
   between them, count if each is a candidate.
4. Surplus entries are dropped; a list that is too short or has a duplicate title is unparsed, and so is the answer
   format copied.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from afl.types import Outcome
from agents.matching import Match, match_title, quoted
from agents.parsing.lines import (
    AFTER_LABEL,
    BEFORE_LABEL,
    Line,
    any_word,
    clean,
    last_labelled,
    read_lines,
    reason_before,
)
from agents.parsing.parsed import Parsed, without_answer
from agents.parsing.placeholders import is_placeholder
from agents.words import words

ParsedRanking = Parsed[tuple[str, ...]]
"""`value` holds the titles exactly as listed, best first."""

_ITEMS = re.compile(
    BEFORE_LABEL
    + rf"(?:(?:{any_word(words('labels', 'before_items'))})\s+){{0,2}}(?:\d{{1,3}}\s+)?"
    + rf"(?:{any_word(words('labels', 'items'))}){AFTER_LABEL}(?:[:：=﹕∶︰][\s*_`~\[]*|(?<=】)|$)"
)
_NUMBERED = re.compile(
    r"[\s>*_`~•+\-–—]*[#(\[]?(?P<number>\d{1,3})(?:[.):\]]+|\s+[-–—])[*_`]*(?:\s+(?P<rest>\S.*)|$)"
)
_BULLETED = re.compile(r"\s*[*•+\-–—]\s+(?P<rest>\S.*)")
_MAX_PROBLEMS = 5
_NO_ITEMS = 'There is no line that says "Items:"; give the reason, then that line, then one title a line.'
_COPIED = "The list repeats the answer format; write titles of the list of candidates there."
_BETWEEN = re.compile(r"\s*[,;，；、]\s*")


class _Entry(NamedTuple):
    """A line of the list: its text without number or bullet, the whole line, and the kind of mark."""

    rest: str
    whole: str
    mark: str = ""


def parse_ranking(text: str, titles: Sequence[str], *, top: int) -> ParsedRanking:
    """The top `top` titles, best first, and the reason.

    `OFF_LIST` if an entry matches no single candidate; `UNPARSED` without a list, or with too few or duplicate titles.
    """
    lines = read_lines(text)
    at = _heading(lines, titles)
    if at is not None:
        entries, reason = _entries(_below(lines, at, titles), titles), _reason(lines, at)
    else:
        at, entries = _unheaded(lines, titles, top)
        reason = "" if at is None else _reason(lines, at)
    if at is None:
        return Parsed(*without_answer(text, _NO_ITEMS))
    return _validated(_separated(entries, titles)[:top], titles, top, reason)


def numbered_entries(text: str, titles: Sequence[str], *, top: int, exact: bool = False) -> tuple[str | None, ...]:
    """The first `top` numbered lines, each as the title it names or None.

    With `exact`, a line names a title only if it is equal to it after its number. A repeated title is None.
    """
    numbered = [match for line in read_lines(text) if (match := _NUMBERED.match(line.whole))]
    entries: list[str | None] = []
    for match in numbered[:top]:
        rest = (match["rest"] or "").strip()
        title = (
            (rest if rest in titles else None) if exact else _match(_Entry(rest, match[0].strip()), titles).title
        )
        entries.append(None if title in entries else title)
    return tuple(entries)


def _validated(entries: Sequence[_Entry], titles: Sequence[str], top: int, reason: str) -> ParsedRanking:
    matches = [_match(entry, titles) for entry in entries]
    if any(
        match.title is None and is_placeholder(entry.rest) for entry, match in zip(entries, matches, strict=True)
    ):
        return Parsed(Outcome.UNPARSED, reason=reason, problem=_COPIED)
    wrong = [f"Entry {at}: {match.problem}" for at, match in enumerate(matches, start=1) if match.title is None]
    if wrong:
        return Parsed(Outcome.OFF_LIST, reason=reason, problem=" ".join(wrong[:_MAX_PROBLEMS]))
    ranking = tuple(match.title for match in matches if match.title is not None)
    twice = next((title for title in ranking if ranking.count(title) > 1), None)
    if twice is not None:
        problem = f"{quoted(twice)} is listed more than once; list {top} different titles, each on its own line."
        return Parsed(Outcome.UNPARSED, reason=reason, problem=problem)
    if len(ranking) < top:
        problem = f'The list has {len(ranking)} of {top} titles; list {top}, each on its own line below "Items:".'
        return Parsed(Outcome.UNPARSED, reason=reason, problem=problem)
    return Parsed(Outcome.OK, ranking, reason)


def _match(entry: _Entry, titles: Sequence[str]) -> Match:
    """The candidate named by an entry: equal without its number, equal with it, or matched by `match_title`."""
    exact = next((text for text in (entry.rest, entry.whole) if text in titles), None)
    return Match(exact) if exact is not None else match_title(entry.rest, titles)


def _heading(lines: Sequence[Line], titles: Sequence[str]) -> int | None:
    """The index of the last line with `Items:` that is not itself a title."""
    indices = (at for at in reversed(range(len(lines))) if _ITEMS.match(lines[at].whole))
    return next((at for at in indices if not _is_title(lines[at].whole, titles)), None)


def _is_title(written: str, titles: Sequence[str]) -> bool:
    return any(text.strip("*_` ") in titles or text in titles for text in (written, _entry(written, titles).rest))


def _below(lines: Sequence[Line], at: int, titles: Sequence[str]) -> list[str]:
    """The text after and below the heading, without reasons between numbered lines.

    Without numbers or bullets, a reason ends the list.
    """
    heading = lines[at].whole
    match = _ITEMS.match(heading)
    behind = heading[match.end() :] if match else ""
    below = list(lines[at + 1 :])
    reasons = [n for n, line in enumerate(below) if line.label == "reason" and not _is_title(line.whole, titles)]
    marked = any(_NUMBERED.match(line.whole) or _BULLETED.match(line.whole) for line in below)
    if marked:
        entries = [line for n, line in enumerate(below) if n not in reasons]
    else:
        entries = below[: min(reasons, default=len(below))]
    # Brackets that are not a title remain of a list given as JSON.
    return [text for text in (behind, *(line.whole for line in entries)) if text in titles or text.strip("[]{},")]


def _entries(written: Sequence[str], titles: Sequence[str]) -> list[_Entry]:
    """The entries, in order: numbered lines, else those with bullets, else all; and lines that are titles."""
    entries = [_entry(text, titles) for text in written]
    kind = next((mark for mark in ("number", "bullet") if any(entry.mark == mark for entry in entries)), "")
    return [entry for entry in entries if entry.mark == kind or entry.whole in titles]


def _entry(written: str, titles: Sequence[str]) -> _Entry:
    """A line without its number or bullet; a title that begins with one is kept whole."""
    bulleted, numbered = _BULLETED.match(written), _NUMBERED.match(written)
    if written in titles:
        return _Entry(written, written)
    if bulleted is not None and (numbered is None or bulleted["rest"] in titles):
        return _Entry(bulleted["rest"], written, "bullet")
    if numbered is not None:
        return _Entry((numbered["rest"] or "").strip(), written, "number")
    return _Entry(written, written)


def _separated(entries: Sequence[_Entry], titles: Sequence[str]) -> Sequence[_Entry]:
    """A single entry that names no candidate as the candidates it lists, if every part of it is one."""
    if len(entries) != 1 or entries[0].mark == "number" or _match(entries[0], titles).title is not None:
        return entries
    parts = [_Entry(part, part) for part in _BETWEEN.split(entries[0].rest) if part]
    return parts if all(_match(part, titles).title is not None for part in parts) else entries


def _unheaded(lines: Sequence[Line], titles: Sequence[str], top: int) -> tuple[int | None, list[_Entry]]:
    """The index and entries of a list without heading: lines with `Item`, or the last numbered lines.

    Of these, all have to match, or it is a list with wrong entries: at least `top`, of which some match or before which
    nothing stands.
    """
    labelled = [at for at, line in enumerate(lines) if line.label == "item" and line.number]
    if labelled:
        return labelled[0], [_Entry(lines[at].value, lines[at].whole) for at in labelled]
    numbered = [(at, match) for at, line in enumerate(lines) if (match := _NUMBERED.match(line.whole))]
    first = next((n for n in reversed(range(len(numbered))) if int(numbered[n][1]["number"]) == 1), None)
    if first is None:
        return None, []
    entries = [_Entry(match["rest"] or "", match[0].strip()) for _, match in numbered[first:]]
    matched = [_match(entry, titles).title is not None for entry in entries]
    is_list = len(entries) >= top and (any(matched) or numbered[first][0] == 0)
    # Without its heading, a list that goes on with something else may be a numbered reason.
    if all(matched) or (is_list and not all(matched[:top])):
        return numbered[first][0], entries
    return None, []


def _reason(lines: Sequence[Line], at: int) -> str:
    """The reason before the list, or after it."""
    if lines[at].label:
        return reason_before(lines, at)
    begin = last_labelled(lines[:at], "reason")
    before = clean([line.value for line in lines[begin or 0 : at]])
    after = next((i for i in range(at + 1, len(lines)) if lines[i].label == "reason"), len(lines))
    return before or clean([line.value for line in lines[after:]])
