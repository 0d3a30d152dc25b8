"""A recommendation agent that sends stored requests of others and parses the replies as lists, line by line.

Nothing is repaired, and an entry that names no candidate keeps its rank in the list, as in HR@k and NDCG@k computed
over lines.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from afl.ports import Chat
from afl.types import UNLISTED, Advice, Attempt, CallKey, Message, Outcome, Reply, Role, SessionView, Turn
from agents.ranking import numbered_entries

_LISTED = re.compile(r"candidate set: (?P<titles>.*?)\.\s*Please recommend from the candidate set", re.DOTALL)
_MARK = re.compile(r" \[[^\[\]]+\]$")


class StoredRequests:
    """A `Ranker` that sends the stored request of each session once."""

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
        """The list in the reply; an entry that names no candidate is `UNLISTED`."""
        messages = tuple(self.requests[view.session])
        key = CallKey(view.session, phase or "loop", round, self.role, 0)
        reply = await self.chat.ask(key, messages)
        titles = stored_list(reply, messages, top=top)
        items = _items(view, titles_in_request(messages))
        ranking = tuple(UNLISTED if title is None else items.get(title, UNLISTED) for title in titles)
        outcome = stored_outcome(reply, ranking)
        first = ranking[0] if ranking and ranking[0] != UNLISTED else None
        attempt = Attempt(outcome, item=first, ranking=ranking, key=key, messages=messages, reply=reply)
        return Turn(role=self.role, round=round, attempts=(attempt,), advice=tuple(advice))


def titles_in_request(messages: Sequence[Message]) -> list[str]:
    """The candidate titles in a stored request, in its order; empty for any other request."""
    match = _LISTED.search(messages[0]["content"]) if messages else None
    return match["titles"].split("; ") if match else []


def stored_list(
    reply: Reply, messages: Sequence[Message], *, top: int, exact: bool = False
) -> tuple[str | None, ...]:
    """The candidates that the reply lists, by their titles in the request; None for an entry that names none."""
    titles = list(dict.fromkeys(titles_in_request(messages)))
    return numbered_entries(reply.text, titles, top=top, exact=exact)


def stored_outcome(reply: Reply, listed: Sequence[object]) -> Outcome:
    """The reply's own outcome unless `OK`; then `UNPARSED` if no entry names a candidate."""
    if reply.outcome is not Outcome.OK:
        return reply.outcome
    return Outcome.OK if any(entry not in (None, UNLISTED) for entry in listed) else Outcome.UNPARSED


def title_in_request(title: str, requested: Collection[str]) -> str:
    """A title of the catalogue as the request spells it: without the mark that distinguishes equal titles."""
    return title if title in requested else _MARK.sub("", title)


def _items(view: SessionView, requested: Sequence[str]) -> Mapping[str, int]:
    """Title in the request -> candidate, without titles that several candidates share."""
    titles = [title_in_request(title, requested) for title in view.candidate_titles]
    return {title: item for title, item in zip(titles, view.candidates, strict=True) if titles.count(title) == 1}
