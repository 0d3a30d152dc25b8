"""Parses stored replies again with the current parsers, from the stored requests alone."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from afl.prompt_headings import HEADINGS, Headings
from afl.types import Answer, CallKey, Message, Outcome, Phase, Reply, Role
from agents.parsing import Parsed, parse_decision, parse_recommendation
from agents.ranking import parse_ranking
from agents.sections import listed_attributes, listed_titles, titles_shown, without_attributes
from agents.stored_requests import stored_list, stored_outcome, title_in_request, titles_in_request
from agents.structured import parse_structured_decision, parse_structured_item, parse_structured_list


class _Parsers(NamedTuple):
    """The parsers of one form of answers."""

    item: Callable[[str, Sequence[str]], Parsed[str]]
    decision: Callable[[str, Sequence[str]], Parsed[bool]]
    ranking: Callable[..., Parsed[tuple[str, ...]]]


_PARSERS = {
    False: _Parsers(parse_recommendation, parse_decision, parse_ranking),
    True: _Parsers(parse_structured_item, parse_structured_decision, parse_structured_list),
}


@dataclass(frozen=True, slots=True)
class ReplyParser:
    """Parses the replies of a run, given the kinds of answers that the run requested."""

    decisions: bool = True
    """Whether the user agent answers yes or no in the dialogue; otherwise it names an item."""
    lists: bool = False
    """Whether the recommendation agent was asked for a list; under hints, the phase says so."""
    listed: int = 5
    """Number of candidates that the recommendation agent was asked to list."""
    stored: bool = False
    """Whether the requests are stored ones of others (`StoredRequests`), with lists parsed entry by entry."""
    structured: Collection[str] = ()
    """The roles that were asked for JSON objects under a schema."""
    headings: Headings = HEADINGS
    """Those of the run's requests."""
    attributes: bool = False
    """Whether attributes of items stand below titles in its requests."""

    def read(
        self, key: CallKey, messages: Sequence[Message], reply: Reply, *, run_titles: Sequence[str] = ()
    ) -> Answer[str]:
        """The answer in the reply to these messages; an incomplete reply has none.

        `run_titles` are titles as the run stores them, for requests that spell them differently.
        """
        if reply.outcome is not Outcome.OK:
            return Answer(reply.outcome)
        if self.stored:
            return _parse_entries(messages, reply, self.listed, run_titles)
        parsers = _PARSERS[key.role in self.structured]
        if key.role == Role.USER and (key.phase == Phase.JUDGE or self.decisions):
            titles = titles_shown(_opening(messages), self.headings)
            decided = parsers.decision(self._text(reply, messages, titles), titles)
            return Answer(decided.outcome, decided.reason, decision=decided.value)
        titles = _candidates(messages, self.headings)
        text = self._text(reply, messages, titles)
        if key.role == Role.RECOMMENDATION and (self.lists or key.phase == Phase.HINTS):
            ranked = parsers.ranking(text, titles, top=self.listed)
            ranking = ranked.value or ()
            return Answer(ranked.outcome, ranked.reason, ranking[0] if ranking else None, ranking=ranking)
        named = parsers.item(text, titles)
        return Answer(named.outcome, named.reason, named.value)

    def _text(self, reply: Reply, messages: Sequence[Message], titles: Sequence[str]) -> str:
        """The reply, without attributes that it copies from the request."""
        shown = listed_attributes(_opening(messages)) if self.attributes else ()
        return without_attributes(reply.text, shown, titles)


def _parse_entries(messages: Sequence[Message], reply: Reply, top: int, run_titles: Sequence[str]) -> Answer[str]:
    """A list entry by entry; a title that occurs twice in the request counts only if the run distinguished it."""
    listed, requested = stored_list(reply, messages, top=top), titles_in_request(messages)
    names = {title_in_request(title, requested): title for title in run_titles}
    ranking = tuple(
        names.get(title, "" if requested.count(title) > 1 else title) if title else "" for title in listed
    )
    return Answer(stored_outcome(reply, listed), item=ranking[0] or None if ranking else None, ranking=ranking)


def _candidates(messages: Sequence[Message], headings: Headings) -> list[str]:
    """The candidate titles of the turn, from its first request, which repairs repeat."""
    return listed_titles(_opening(messages), headings.candidates)


def _opening(messages: Sequence[Message]) -> str:
    return next((message["content"] for message in messages if message["role"] == "user"), "")
