"""The formats in which agents ask for answers: lines of text, or a JSON object under a schema."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afl.types import Answer, Domain, JsonSchema, Outcome, SessionView
from agents.list_parser import parse_same, parse_sentences
from agents.parsing import Parsed, parse_decision, parse_recommendation
from agents.prompts import Prompts
from agents.ranking import parse_ranking
from agents.sections import without_attributes
from agents.structured import (
    asks_by_number,
    decision_schema,
    item_schema,
    list_schema,
    parse_structured_decision,
    parse_structured_item,
    parse_structured_list,
    parse_structured_same,
    parse_structured_sentences,
    same_schema,
    sentences_schema,
)

_NO_BARE_ITEM = 'There is no line "Item: ..." with a title of the list; write that line and nothing else.'


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply(Answer[int]):
    """The answer parsed from a reply."""

    problem: str = ""
    """What is wrong with the reply, as a sentence for the model."""


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """How the answer to one question is written and parsed."""

    text: str
    """The end of the request, repeated in every repair request."""
    parse: Callable[[str], ParsedReply]
    schema: JsonSchema | None = None
    """What the reply has to follow; None for lines of text."""


class AnswerFormats:
    """The answer formats of an agent: lines of text, or, `structured`, JSON objects."""

    def __init__(self, prompts: Prompts, *, structured: bool = False) -> None:
        self.prompts = prompts
        self.structured = structured

    def item(
        self, name: str, view: SessionView, titles: Sequence[str] | None = None, *, with_reason: bool = True
    ) -> AnswerFormat:
        """One of these candidates, by default of all; `name` is that of the format's text."""
        titles = view.candidate_titles if titles is None else titles

        def parse(text: str) -> ParsedReply:
            text = _without_attributes(text, view, titles)
            parsed = (
                parse_structured_item(text, titles, with_reason=with_reason)
                if self.structured
                else parse_recommendation(text, titles)
            )
            item = None if parsed.value is None else view.item(parsed.value)
            # The parser's own sentence asks for a reason too.
            is_bare = parsed.outcome is Outcome.UNPARSED and not (with_reason or self.structured)
            problem = _NO_BARE_ITEM if is_bare else parsed.problem
            return ParsedReply(parsed.outcome, parsed.reason, item=item, problem=problem)

        if not self.structured:
            return AnswerFormat(self._text(name, view.domain), parse)
        text = self._text(name, view.domain, by_number=asks_by_number(titles))
        return AnswerFormat(text, parse, item_schema(titles, with_reason=with_reason))

    def items(self, view: SessionView, top: int) -> AnswerFormat:
        """A list of `top` candidates."""
        titles = view.candidate_titles

        def parse(text: str) -> ParsedReply:
            text = _without_attributes(text, view, titles)
            parse_titles = parse_structured_list if self.structured else parse_ranking
            parsed = parse_titles(text, titles, top=top)
            ranking = tuple(view.item(title) for title in parsed.value or ())
            item = ranking[0] if ranking else None
            return ParsedReply(parsed.outcome, parsed.reason, item=item, ranking=ranking, problem=parsed.problem)

        if not self.structured:
            entries = "\n".join(f"{number}. <title, exactly as listed>" for number in range(1, top + 1))
            return AnswerFormat(self._text("ranking.answer", view.domain, count=str(top), entries=entries), parse)
        text = self._text("ranking.answer", view.domain, by_number=asks_by_number(titles), count=str(top))
        return AnswerFormat(text, parse, list_schema(titles, top))

    def decision(self, view: SessionView, shown: Sequence[str]) -> AnswerFormat:
        """Yes or no; `shown` are the titles in the request, which may hold such words themselves."""
        parse = parse_structured_decision if self.structured else parse_decision
        return AnswerFormat(
            self._text("user.answer", view.domain),
            lambda text: _decision(parse(_without_attributes(text, view, shown), shown)),
            decision_schema() if self.structured else None,
        )

    def sentences(self, step: str, domain: Domain) -> AnswerFormat:
        """A list of sentences: the answer to a step of a reflection (`hints`)."""

        def parse(text: str) -> ParsedReply:
            parsed = (
                parse_structured_sentences(text, step)
                if self.structured
                else parse_sentences(text, step.capitalize())
            )
            sentences = "\n".join(parsed.value or ())
            return ParsedReply(parsed.outcome, sentences or parsed.reason, problem=parsed.problem)

        schema = sentences_schema(step) if self.structured else None
        return AnswerFormat(self._text(f"reflection.{step}_answer", domain), parse, schema)

    def same(self, domain: Domain) -> AnswerFormat:
        """Whether a hint says the same as another."""
        parse = parse_structured_same if self.structured else parse_same
        return AnswerFormat(
            self._text("reflection.redundancy_answer", domain),
            lambda text: _decision(parse(text)),
            same_schema() if self.structured else None,
        )

    def _text(self, name: str, domain: Domain, *, by_number: bool = False, **fields: str) -> str:
        form = f"{'_json' if self.structured else ''}{'_number' if by_number else ''}"
        return self.prompts.fill(f"{name}{form}", domain, **fields)


def _decision(parsed: Parsed[bool]) -> ParsedReply:
    return ParsedReply(parsed.outcome, parsed.reason, decision=parsed.value, problem=parsed.problem)


def _without_attributes(text: str, view: SessionView, titles: Sequence[str]) -> str:
    """The reply without attributes of these titles and of the history, which the request showed."""
    if not view.attributes:
        return text
    shown = (view.attributes.get(title, "") for title in (*view.history_titles, *titles))
    return without_attributes(text, filter(None, shown), titles)
