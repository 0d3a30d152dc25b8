"""The decision of a reply: yes or no under its label, or in a sentence. The words: `agents/words/decisions.toml`."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from afl.types import Outcome
from agents.matching import folded, quoted
from agents.parsing.lines import (
    Line,
    answer_text,
    any_word,
    clean,
    last_labelled,
    read_lines,
    reason_before,
    unlabelled_after,
)
from agents.parsing.parsed import Parsed, without_answer
from agents.words import words

ParsedDecision = Parsed[bool]

_NO_DECISION = (
    'There is no line that begins with "Decision:"; give the reason and the decision, each on its own line.'
)
_MARKS = " \t*_`~\"'“”‘’#>|<([{【「『（"
_STOPS = ".!。！)]}>"
_STOP = r"(?=\s*(?:[^\w\s]|\Z))"
"""Punctuation or the end follows."""


def _list(*tables: str) -> str:
    return any_word(word for table in tables for word in words("decisions", table))


_NOT_A_NO = rf"(?!\.?\s*\d{{1,3}}\b)(?!\s+(?:{_list('no_is_no_answer_before')})\b)"
_LABELLED = re.compile(
    rf"(?:(?P<yes>{_list('yes', 'accept')})\b(?!\s*(?:or|/|\|)\s*no\b)"
    rf"|(?P<no>{_list('no', 'reject')})\b(?!\s*(?:or|/|\|)\s*yes\b){_NOT_A_NO}"
    rf"|(?:(?P<other_yes>{_list('other_yes')})|(?P<other_no>{_list('other_no')})){_STOP})",
    re.IGNORECASE,
)
_OPPOSITE = re.compile(
    rf"\W*(?:(?:{_list('links')})\W+){{0,3}}"
    rf"(?:(?P<yes>{_list('yes', 'accept', 'other_yes')})|(?P<no>{_list('no', 'reject', 'other_no')}))"
    rf"(?:{_STOP}|\s+thank)",
    re.IGNORECASE,
)
_IN_SENTENCE = re.compile(
    rf"(?<![\w-])(?:(?P<yes>{_list('yes')})|(?P<no>{_list('no')}){_NOT_A_NO})(?![\w-])"
    rf"(?:{_STOP}|(?=\s+(?:{_list('may_follow')})\b))"
    rf"|(?:(?<=[^\w\s])\s*|\A\s*)(?:(?P<other_yes>{_list('other_yes')})|(?P<other_no>{_list('other_no')})){_STOP}",
    re.IGNORECASE,
)
_NEGATION = re.compile(rf"\b(?:{_list('negations')}|\w+n['’]t)\b", re.IGNORECASE)
_DOUBT = re.compile(rf"\b(?:{_list('doubts')})\b", re.IGNORECASE)
_CLAUSE_BEGINS = re.compile(r"(?:\A|[,;:.!–—]|\b(?:so|then|therefore|thus|hence))\s*\Z", re.IGNORECASE)
_CONTRADICTION = re.compile(
    rf"\b(?:{{0}}\W+(?:(?:{{2}})\W+){{{{0,3}}}}{{1}}|{{1}}\W+(?:(?:{{2}})\W+){{{{0,3}}}}{{0}}){_STOP}".format(
        f"(?:{_list('yes', 'other_yes')})", f"(?:{_list('no', 'other_no')})", _list("links")
    ),
    re.IGNORECASE,
)
_NUMBER_OR_NAME = re.compile(r"\bno\.\s*(?=\d)|\b(?:dr|mr|mrs|ms)\.?\s+(?:yes|no)\b", re.IGNORECASE)
_EMPHASIS = re.compile(r"[*_`#>\"“”]+")
_SENTENCE = re.compile(r"[^.!?。！？…\n]*[.!?。！？…]*")
_ANY_WORD = re.compile(rf"\b(?:{_list('yes', 'no')})\b", re.IGNORECASE)


def parse_decision(text: str, titles: Iterable[str] = ()) -> ParsedDecision:
    """Yes (True) or no (False) and the reason; `UNPARSED` if it is neither.

    A yes or no that belongs to one of these titles ("Dr. No") is no answer of a sentence.
    """
    lines = read_lines(text)
    at = last_labelled(lines, "decision")
    if at is None:
        return _without_label(text, lines, titles)
    below = unlabelled_after(lines, at)
    written = answer_text(lines[at], below).lstrip(_MARKS)
    reason = reason_before(lines, at)
    value, rest = _labelled(written, titles)
    if value is None or any(_is_word_for(line, not value) for line in below[:2]):
        problem = f'The "Decision:" line says {quoted(written)}, neither yes nor no; write one of them.'
        return Parsed(Outcome.UNPARSED, reason=reason, problem=problem)
    return Parsed(Outcome.OK, value, reason or _with_words(clean([rest])))


def _without_label(text: str, lines: Sequence[Line], titles: Iterable[str]) -> ParsedDecision:
    content = [line.whole for line in lines]
    value = _in_sentences("\n".join(content), titles)
    if value is None:
        return Parsed(*without_answer(text, _NO_DECISION))
    begin = next((at for at, line in enumerate(lines) if line.label == "reason"), None)
    reason = clean(content if begin is None else [line.value for line in lines[begin:]])
    return Parsed(Outcome.OK, value, "" if _is_word_for(reason, value) else reason)


def _is_word_for(text: str, value: bool) -> bool:
    """Whether the text is a yes (True) or a no (False) and nothing else."""
    answer = _LABELLED.fullmatch(text.strip(f"{_MARKS}{_STOPS}"))
    return answer is not None and _says_yes(answer) == value


def _with_words(text: str) -> str:
    return text if re.search(r"\w", text) else ""


def _labelled(written: str, titles: Iterable[str]) -> tuple[bool | None, str]:
    """The decision that the text begins with, or that it has in a sentence, and the text after it."""
    content = written if written.isascii() else unicodedata.normalize("NFKC", written)
    answer = _LABELLED.match(content)
    if answer is None:
        return _in_sentences(content, titles), content
    value, rest = _says_yes(answer), content[answer.end() :]
    opposite = _OPPOSITE.match(rest)
    if opposite and (opposite["yes"] is not None) != value:
        return None, content
    return value, rest.lstrip(" .,;:*_-–—")


def _says_yes(match: re.Match[str]) -> bool:
    return match["yes"] is not None or match["other_yes"] is not None


def _in_sentences(text: str, titles: Iterable[str]) -> bool | None:
    """The yes or no that the first or the last sentence holds; None without one, or if there are several."""
    content = _NUMBER_OR_NAME.sub("name ", unicodedata.normalize("NFKC", text).replace("’", "'"))
    if _LABELLED_ANYWHERE.search(content) is None:
        return None
    content = _EMPHASIS.sub("", _without_titles(content, titles))
    sentences = [sentence for sentence in _SENTENCE.findall(content) if re.search(r"\w", sentence)]
    answers = [_answers(sentence.strip()) for sentence in {*sentences[:1], *sentences[-1:]}]
    if any(len(found) > 1 for found in answers):
        return None
    values = {value for found in answers for value in found}
    return values.pop() if len(values) == 1 else None


def _answers(sentence: str) -> list[bool]:
    """Every yes (True) and no (False) of the sentence that is not negated; none in a question."""
    if sentence.endswith("?"):
        return []
    if _CONTRADICTION.search(sentence):
        return [True, False]
    found = []
    for answer in _IN_SENTENCE.finditer(sentence):
        before = sentence[: answer.start()]
        first = not re.search(r"\w", before)
        negated = _NEGATION.search(before) and not _CLAUSE_BEGINS.search(before)
        if first or not (negated or _DOUBT.search(sentence)):
            found.append(_says_yes(answer))
    return found


def _without_titles(text: str, titles: Iterable[str]) -> str:
    """The text without the titles that have a yes or no in them."""
    for title in titles:
        if _ANY_WORD.search(title):
            text = re.sub(rf"(?<!\w){re.escape(folded(title))}(?!\w)", "title", text, flags=re.IGNORECASE)
    return text


_LABELLED_ANYWHERE = re.compile(_list("yes", "no", "other_yes", "other_no"), re.IGNORECASE)
