"""Parses lists of short sentences, and answers whether one repeats another, from replies of real models."""

import re
from collections.abc import Sequence

from afl.data.catalogue import one_line
from afl.types import Outcome
from agents.parsing.json_answers import json_list, json_word
from agents.parsing.lines import clean, read_lines, text_lines
from agents.parsing.parsed import Parsed, without_answer
from agents.parsing.thinking import answer_part

ParsedSentences = Parsed[tuple[str, ...]]
"""`value` holds the sentences, each on one line."""
ParsedRedundancy = Parsed[bool]

MAX_SENTENCES = 10
MAX_LENGTH = 600
"""Characters."""

_NUMBERED = re.compile(r"^(?P<indent>[\s>*_`]*)[#(\[]?\d{1,2}[.):\]]+[*_`]*\s+(?P<rest>\S.*)$")
_BULLETED = re.compile(r"^(?P<indent>[\s>]*)[*•+\-–—]\s+(?P<rest>\S.*)$")
_SAME = re.compile(
    r"[\s>#*_`\"'(\[]*(?:same|answer|redundant)[\s*_`\"')\]]*[:：=][\s*_`\"'<(\[]*(?P<value>.*)", re.I
)
_ONE_OR_ZERO = re.compile(r"[\s*_`\"'<(\[]*(?:(?P<one>1|yes)|(?P<zero>0|no))(?![\w.]*\d)\b", re.IGNORECASE)
_BARE = re.compile(r"[\W_]*(?:1|0|yes|no)[\W_]*", re.IGNORECASE)


def parse_sentences(text: str, heading: str) -> ParsedSentences:
    """The sentences listed below `heading` ("Hints"), or in a numbered or bulleted list without one.

    A line that is indented further than an entry continues it. Only the first ten sentences count. `UNPARSED` without
    a list, or with an overlong sentence.
    """
    content = answer_part(text)
    listed = json_list(content, heading) if "{" in content else None
    lines = text_lines(content if listed is None else "\n".join([f"{heading}:", *listed]))
    below, has_heading = _below(lines, heading)
    sentences = _marked(below, _NUMBERED) or _marked(below, _BULLETED)
    if not sentences and has_heading:
        sentences = [text for line in below if (text := _clean_sentence(line))]
    if not sentences:
        return Parsed(
            *without_answer(text, f'There is no list below "{heading}:"; write that line, then one a line.')
        )
    long = next((at for at, sentence in enumerate(sentences, start=1) if len(sentence) > MAX_LENGTH), None)
    if long is not None:
        return Parsed(Outcome.UNPARSED, problem=f"Line {long} is too long; write short sentences, one a line.")
    return Parsed(Outcome.OK, tuple(sentences[:MAX_SENTENCES]))


def parse_same(text: str) -> ParsedRedundancy:
    """Whether a hint repeats another: 1 or yes, 0 or no, after `Same:` or on a line of its own; else `UNPARSED`."""
    content = answer_part(text)
    lines = [line.whole for line in read_lines(content)]
    labelled = [match["value"] for line in lines if (match := _SAME.match(line))]
    unlabelled = [line for line in lines if _BARE.fullmatch(line)]
    word = json_word(content, "same") if "{" in content else ""
    written = word or next(iter((*labelled[::-1], *unlabelled[::-1])), "")
    answer = _ONE_OR_ZERO.match(written)
    if answer is None:
        return Parsed(
            *without_answer(text, 'There is no line that says "Same: 1" or "Same: 0"; write one of them.')
        )
    return Parsed(Outcome.OK, answer["one"] is not None, clean(lines))


def _below(lines: Sequence[str], heading: str) -> tuple[list[str], bool]:
    """The lines after and below the last line with the heading, and True; all lines, and False, without one."""
    label = re.compile(rf"[\s>#*_`\"']*(?:the |my )?{heading}[\s*_`\"']*[:：][\s*_`]*(?P<rest>.*)", re.IGNORECASE)
    alone = re.compile(rf"[\s>#*_`\"']*{heading}[\s*_`\"']*", re.IGNORECASE)
    for at in reversed(range(len(lines))):
        match = label.fullmatch(lines[at])
        if match or alone.fullmatch(lines[at]):
            behind = [match["rest"]] if match and match["rest"] else []
            return [*behind, *lines[at + 1 :]], True
    return list(lines), False


def _marked(lines: Sequence[str], mark: re.Pattern[str]) -> list[str]:
    """The entries that begin with the mark, each with the indented lines below it."""
    entries: list[list[str]] = []
    indent = 0
    for line in lines:
        match = mark.match(line)
        if match:
            indent = len(match["indent"])
            entries.append([match["rest"]])
        elif entries and len(line) - len(line.lstrip()) > indent:
            entries[-1].append(line)
    return [text for lines in entries if (text := _clean_sentence(" ".join(lines)))]


def _clean_sentence(text: str) -> str:
    """The sentence on one line without emphasis marks; empty if it contains no word."""
    sentence = one_line(re.sub(r"\*\*|__|`", "", clean([text]))).strip('"“” ')
    return sentence if re.search(r"\w", sentence) else ""
