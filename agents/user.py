"""The user agent: accepts or refuses the recommended item and gives a reason."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.ports import Chat
from afl.types import Phase, Refusal, Role, SessionView, Turn
from agents.prompts import Prompts
from agents.repair import LanguageModelAgent, Question
from agents.sections import join_sections, memory_section, numbered, offer_section, scored, shown_reason


class UserAgent(LanguageModelAgent):
    """From memory, history, offer and score to yes or no with a reason: f_u of algorithm 1 (arXiv 2410.20027).

    As in the paper, the memory is shown in every round and the reward model's score is part of the prompt; the
    published code omits the memory and shows the names of the five best items instead.

    Deviation D1: the agent sees the candidate list and is asked whether the recommended item is the best of it.
    `see_candidates=False` asks as the paper does: the recommended item alone, and whether the person would like it.
    """

    role = Role.USER

    def __init__(
        self, chat: Chat, *, prompts: Prompts | None = None, phase: str = Phase.LOOP, see_candidates: bool = True
    ) -> None:
        super().__init__(chat, prompts=prompts, phase=phase)
        self.see_candidates = see_candidates

    async def respond(
        self,
        view: SessionView,
        *,
        round: int,
        item: int,
        reason: str,
        score: float | None,
        memory: Sequence[Refusal],
    ) -> Turn:
        """The turn with every attempt; its `decision` is True or False where the outcome is `OK`."""
        question = self.question(view, title=view.title(item), reason=reason, score=score, memory=memory)
        attempts = await self._attempts(question, view.session, round)
        return Turn(role=self.role, round=round, attempts=attempts, score=score)

    async def judge(
        self, view: SessionView, *, number: int, title: str, score: float | None, memory: Sequence[Refusal]
    ) -> Turn:
        """Whether the person would want this item, which no agent recommends: the user-simulation task.

        `number` counts the items of the session, from 1; it is not part of the request. The answer depends on the
        item, its score, history and memory only, not on the other items.
        """
        question = self.question(view, title=title, reason=None, score=score, memory=memory)
        attempts = await self._attempts(question, view.session, number, Phase.JUDGE)
        return Turn(role=self.role, round=number, attempts=attempts, score=score)

    async def choose(
        self,
        view: SessionView,
        *,
        items: Sequence[int],
        scores: Sequence[float] | None = None,
        reason: str = "",
        round: int = 1,
    ) -> Turn:
        """Which of these candidates the person wants most; the turn's `item` is this one where the outcome is `OK`.

        `scores` are the reward model's, one per item; `reason` is the recommendation agent's, if it selected the
        items. Raises `UsageError` without items.
        """
        if not items:
            raise UsageError(f"session {view.session}: got no items, expected at least one to choose from")
        question = self.choice_question(
            view, titles=[view.title(item) for item in items], scores=scores, reason=reason
        )
        attempts = await self._attempts(question, view.session, round)
        return Turn(role=self.role, round=round, attempts=attempts)

    def question(
        self, view: SessionView, *, title: str, reason: str | None, score: float | None, memory: Sequence[Refusal]
    ) -> Question:
        """The request for a decision; equal arguments give equal bytes. Without a reason it is that of `judge`."""
        fill, headings, domain = self.prompts.fill, self.prompts.headings, view.domain
        listed = self.see_candidates and reason is not None
        question = "user.question_judge" if reason is None else f"user.question_{'listed' if listed else 'alone'}"
        shown = (title, *view.history_titles, *(view.candidate_titles if listed else ()))
        answer = self.answers.decision(view, shown)
        return Question(
            system=fill("user.system", domain),
            request=join_sections(
                numbered(headings.history, view.history_titles, view.attributes),
                numbered(headings.candidates, view.candidate_titles, view.attributes) if listed else "",
                memory_section(memory, headings),
                offer_section(title, reason, score, fill("user.score", domain), headings, view.attributes),
                fill(question, domain),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )

    def choice_question(
        self, view: SessionView, *, titles: Sequence[str], scores: Sequence[float] | None, reason: str
    ) -> Question:
        """The request for a choice; equal arguments give equal bytes."""
        fill, headings, domain = self.prompts.fill, self.prompts.headings, view.domain
        answer = self.answers.item("choice.answer", view, titles)
        listed = (
            numbered(headings.candidates, titles, view.attributes)
            if scores is None
            else scored(headings.candidates, titles, scores, headings, view.attributes)
        )
        return Question(
            system=fill("choice.system", domain),
            request=join_sections(
                numbered(headings.history, view.history_titles, view.attributes),
                listed,
                f"{headings.recommended_because} {shown_reason(reason)}" if reason else "",
                "" if scores is None else fill("choice.score", domain),
                fill("choice.question", domain),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )
