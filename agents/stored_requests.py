"""A recommendation agent that asks what others have asked: stored requests, and lists read line by line.

The replies are what they are: nothing is repaired, and an entry that names no candidate takes its place in the list
all the same, as in HR@k and NDCG@k over lines.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from afl.ports import Chat
from afl.types import UNLISTED, Advice, Attempt, CallKey, Message, Outcome, Reply, Role, SessionView, Turn
from agents.ranking import numbered_entries

_LISTED = re.compile(r"candidate set: (?P<titles>.*?)\.\s*Please recommend from the candidate set", re.DOTALL)
_MARK = re.compile(r" \[[^\[\]]+\]$")


class StoredRequests:
    """Asks each session's stored request, once; a `Ranker`."""

    role = Role.RECOMMENDATION

    def __init__(self, chat: Chat, *, requests: Mapping[str, Sequence[Message]]) -> None:
        self.chat = chat
        self.requests = requests

    async def rank(
        self,
        view: SessionView,
        *,
        top: int,
        advice: Sequence[Advice] = (),
        round: int = 1,
        phase: str | None = None,
    ) -> Turn:
        """The list in the stored reply; an entry that names no candidate is `UNLISTED`."""
        messages = tuple(self.requests[view.session])
        key = CallKey(view.session, phase or "loop", round, self.role, 0)
        reply = await self.chat.ask(key, messages)
        titles = stored_list(reply, messages, top=top)
        items = _items(view, titles_in_request(messages))
        ranking = tuple(UNLISTED if title is None else items.get(title, UNLISTED) for title in titles)
        outcome = _outcome(reply, ranking)
        first = ranking[0] if ranking and ranking[0] != UNLISTED else None
        attempt = Attempt(outcome, item=first, ranking=ranking, key=key, messages=messages, reply=reply)
        return Turn(role=self.role, round=round, attempts=(attempt,), advice=tuple(advice))


def titles_in_request(messages: Sequence[Message]) -> list[str]:
    """The titles that a stored request lists as candidates, in its order; none where it is no such request."""
    match = _LISTED.search(messages[0]["content"]) if messages else None
    return match["titles"].split("; ") if match else []


def stored_list(
    reply: Reply, messages: Sequence[Message], *, top: int, exact: bool = False
) -> tuple[str | None, ...]:
    """The candidates that the reply lists, by their titles in the request; None for an entry that names none."""
    titles = list(dict.fromkeys(titles_in_request(messages)))
    return numbered_entries(reply.text, titles, top=top, exact=exact)


def stored_outcome(reply: Reply, listed: Sequence[object]) -> Outcome:
    """`OK` where any entry of a whole reply names a candidate."""
    return _outcome(reply, listed)


def title_in_request(title: str, requested: Collection[str]) -> str:
    """A title of the catalogue as the request has it: without the mark that tells equal titles apart."""
    return title if title in requested else _MARK.sub("", title)


def _outcome(reply: Reply, listed: Sequence[object]) -> Outcome:
    if reply.outcome is not Outcome.OK:
        return reply.outcome
    return Outcome.OK if any(entry not in (None, UNLISTED) for entry in listed) else Outcome.UNPARSED


def _items(view: SessionView, requested: Sequence[str]) -> Mapping[str, int]:
    """Candidate by its title in the request; a title that several candidates carry names none of them."""
    titles = [title_in_request(title, requested) for title in view.candidate_titles]
    return {title: item for title, item in zip(titles, view.candidates, strict=True) if titles.count(title) == 1}
