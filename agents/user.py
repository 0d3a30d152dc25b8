"""The user agent: accepts or refuses what is proposed and says why."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.ports import Chat
from afl.prompt_headings import CANDIDATES, HISTORY, RECOMMENDED_BECAUSE
from afl.types import Phase, Refusal, Role, SessionView, Turn
from agents.parsing import parse_decision, parse_recommendation
from agents.prompts import Prompts
from agents.repair import ParsedReply, Question, RepairLoop
from agents.sections import join_sections, memory_section, numbered, offer_section, scored, shown_reason


class UserAgent:
    """From memory, history, offer and score to yes or no with a reason: f_u of algorithm 1 (arXiv 2410.20027).

    As the paper has it, the memory is shown in every round, and the reward model's number stands in the prompt
    (the published code forgets the memory and shows the five best names instead).

    Deviation D1: the agent sees the candidate list and is asked whether the offer is the best of it.
    `see_candidates=False` is the paper's question: the offer alone, and whether the person would like it.
    """

    role = Role.USER

    def __init__(
        self, chat: Chat, *, prompts: Prompts | None = None, phase: str = "loop", see_candidates: bool = True
    ) -> None:
        self.prompts = prompts or Prompts.load()
        self.phase = phase
        self.see_candidates = see_candidates
        self.repair_loop = RepairLoop(chat, self.prompts)

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

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
        attempts = await self.repair_loop.ask(
            question, subject=view.session, phase=self.phase, round=round, role=self.role
        )
        return Turn(role=self.role, round=round, attempts=attempts, score=score)

    async def judge(
        self, view: SessionView, *, number: int, title: str, score: float | None, memory: Sequence[Refusal]
    ) -> Turn:
        """Whether the person would want this item, nobody offering it: the user-simulation task.

        `number` counts the items of the session, from 1; nothing of it is said. The answer depends on the item, its
        score, history and memory alone, not on the other items asked about.
        """
        question = self.question(view, title=title, reason=None, score=score, memory=memory)
        attempts = await self.repair_loop.ask(
            question, subject=view.session, phase=Phase.JUDGE, round=number, role=self.role
        )
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
        """Which one of these candidates the person most wants; `item` holds it where the outcome is `OK`.

        `scores` are the reward model's numbers, one per item; `reason` is the recommendation agent's, if it made the
        selection. Raises `UsageError` without items.
        """
        if not items:
            raise UsageError(f"session {view.session}: got no items, expected at least one to choose from")
        question = self.choice_question(
            view, titles=[view.title(item) for item in items], scores=scores, reason=reason
        )
        attempts = await self.repair_loop.ask(
            question, subject=view.session, phase=self.phase, round=round, role=self.role
        )
        return Turn(role=self.role, round=round, attempts=attempts)

    def question(
        self, view: SessionView, *, title: str, reason: str | None, score: float | None, memory: Sequence[Refusal]
    ) -> Question:
        """What the model is asked; equal arguments give equal bytes. Without a reason the item stands for itself."""
        fill, domain = self.prompts.fill, view.domain
        listed = self.see_candidates and reason is not None
        question = "user.question_judge" if reason is None else f"user.question_{'listed' if listed else 'alone'}"
        answer = fill("user.answer", domain)
        return Question(
            system=fill("user.system", domain),
            request=join_sections(
                numbered(HISTORY, view.history_titles),
                numbered(CANDIDATES, view.candidate_titles) if listed else "",
                memory_section(memory),
                offer_section(title, reason, score, fill("user.score", domain)),
                fill(question, domain),
                answer,
            ),
            answer_format=answer,
            parse=_parse_decision,
            domain=domain,
        )

    def choice_question(
        self, view: SessionView, *, titles: Sequence[str], scores: Sequence[float] | None, reason: str
    ) -> Question:
        """What the model is asked for a choice; equal arguments give equal bytes."""
        fill, domain = self.prompts.fill, view.domain
        answer = fill("choice.answer", domain)
        listed = numbered(CANDIDATES, titles) if scores is None else scored(CANDIDATES, titles, scores)
        return Question(
            system=fill("choice.system", domain),
            request=join_sections(
                numbered(HISTORY, view.history_titles),
                listed,
                f"{RECOMMENDED_BECAUSE} {shown_reason(reason)}" if reason else "",
                "" if scores is None else fill("choice.score", domain),
                fill("choice.question", domain),
                answer,
            ),
            answer_format=answer,
            parse=lambda text: _parse_choice(text, view, titles),
            domain=domain,
        )


def _parse_choice(text: str, view: SessionView, titles: Sequence[str]) -> ParsedReply:
    parsed = parse_recommendation(text, titles)
    item = None if parsed.value is None else view.item(parsed.value)
    return ParsedReply(parsed.outcome, parsed.reason, item=item, problem=parsed.problem)


def _parse_decision(text: str) -> ParsedReply:
    parsed = parse_decision(text)
    return ParsedReply(parsed.outcome, parsed.reason, decision=parsed.value, problem=parsed.problem)
