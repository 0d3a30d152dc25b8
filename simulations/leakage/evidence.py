"""Collects, session by session, what the checks of a recorded run look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from afl.data.dataset import Dataset, Split
from afl.data.sessions import Row
from afl.prompt_headings import CANDIDATES
from afl.types import Phase, Role
from agents.sections import listed_titles
from agents.tools import SuggestionTool
from memory.records import Exchange, Transcript
from memory.run import Run
from simulations.analysis.audit_check import Check, not_checked
from simulations.leakage.advice import ToolAdvice, check_advice
from simulations.leakage.dialogue import DialogueCheck, DialogueLines
from simulations.leakage.labels import LabelCheck
from simulations.leakage.lists import CandidateList, check_lists
from simulations.leakage.positions import NAME as POSITIONS
from simulations.leakage.positions import check_positions
from simulations.leakage.preflight import uses_trained_models
from simulations.leakage.prompts import PromptCheck
from simulations.leakage.split import NAME as SPLIT
from simulations.leakage.split import check_split
from simulations.leakage.suggestions import Suggestion, check_suggestions
from simulations.options.run_options import RunOptions


@dataclass
class Evidence:
    """What was recorded, and the data set it was recorded from, where that is still in the library."""

    dataset: Dataset | None
    training: Dataset | None
    """What models learned from; None where it is gone or has changed."""
    rows: Mapping[str, Row]
    """Session -> its row as the run had it; empty without the data set."""
    suggestions: list[Suggestion] = field(default_factory=list)
    advice: list[ToolAdvice] = field(default_factory=list)
    candidate_lists: dict[str, CandidateList] = field(default_factory=dict)
    dialogue: DialogueCheck = field(default_factory=DialogueCheck)
    labels: LabelCheck = field(default_factory=LabelCheck)
    prompts: PromptCheck = field(init=False)

    def __post_init__(self) -> None:
        self.prompts = PromptCheck(() if self.dataset is None else self.dataset.catalogue.titles)

    def add(self, transcript: Transcript) -> None:
        """Adds a session, without repair requests: those repeat a request and show the model its own reply."""
        record = transcript.record
        if record.suggestion is not None:
            self.suggestions.append(Suggestion(record.suggestion, record.target))
        dialogue, first = DialogueLines(record), True
        for exchange in transcript.exchanges:
            if exchange.entry is None or exchange.turn.key.attempt:
                continue
            if exchange.turn.key.phase == Phase.REFLECTION:
                continue  # The prompt names the target on purpose; its hints are checked where they are used.
            if exchange.turn.key.phase == Phase.JUDGE:
                # Of an unfinished session only the first items were asked about, which are the wanted ones.
                self._add_judging_request(
                    exchange, dialogue, record.rounds, whole=not record.outcome.retried_on_continuation
                )
            else:
                self._add_dialogue_request(exchange, dialogue, record.target, first=first)
                first = False

    def checks(self, run: Run, lists: Mapping[str, Sequence[int]]) -> tuple[Check, ...]:
        """All checks, in the order they are reported."""
        size = max((len(items) for items in lists.values()), default=0)
        shown = [listed for listed in self.candidate_lists.values() if listed.candidates]
        positions = [
            listed.candidates.index(listed.target) for listed in shown if listed.target in listed.candidates
        ]
        return (
            check_suggestions(self.suggestions, candidates=size),
            check_advice(self.advice),
            self.prompts.check(),
            self.dialogue.check(),
            self.labels.check(),
            self._positions(run, positions, candidates=size),
            check_lists(self._lists(shown, lists), method=run.config.get("candidates_from", "seeded")),
            self._split(run, lists),
        )

    def _add_dialogue_request(
        self, exchange: Exchange, dialogue: DialogueLines, target: str, *, first: bool
    ) -> None:
        """The first request of a turn in the dialogue; `first`: of the session."""
        key, entry = exchange.turn.key, exchange.entry
        assert entry is not None
        past = self._titles(key.subject, with_target=False)
        self.prompts.add(key.subject, target, entry.messages, first=first, past=past)
        self.dialogue.add(dialogue, target, entry.messages, before=key.round)
        if first:
            shown = tuple(listed_titles(entry.messages[-1]["content"], CANDIDATES))
            self.candidate_lists[key.subject] = CandidateList(shown, target)
        if first and key.role == Role.RECOMMENDATION:
            self.advice += [
                ToolAdvice(advice.tool, advice.text, shown, target)
                for advice in exchange.turn.advice
                if shown and advice.tool != SuggestionTool.name
            ]

    def _add_judging_request(
        self, exchange: Exchange, dialogue: DialogueLines, rounds: int, *, whole: bool
    ) -> None:
        """The request about one item of the user-simulation task; that item is the target."""
        turn, entry = exchange.turn, exchange.entry
        assert entry is not None
        assert turn.item is not None
        past = self._titles(turn.key.subject, with_target=True)
        self.prompts.add(turn.key.subject, turn.item, entry.messages, first=False, judged=True, past=past)
        self.dialogue.add(dialogue, turn.item, entry.messages, before=rounds + 1, judged=turn.item)
        if whole:
            self.labels.add(entry.messages, label=bool(turn.label))

    def _titles(self, session: str, *, with_target: bool) -> set[str]:
        """Titles of the user's whole history in the data set."""
        if self.dataset is None or session not in self.rows:
            return set()
        row = self.rows[session]
        past = (*row.history, row.target) if with_target else row.history
        return {self.dataset.catalogue.titles[item] for item in past}

    def _positions(self, run: Run, positions: Sequence[int], *, candidates: int) -> Check:
        target_position = run.config.get("target_position", "random")
        if target_position != "random":
            return not_checked(
                POSITIONS, f"The run was begun with the target in the {target_position} place of every list."
            )
        return check_positions(positions, candidates=candidates)

    def _lists(self, shown: Sequence[CandidateList], lists: Mapping[str, Sequence[int]]) -> list[CandidateList]:
        """The run's lists with what the user touched; without the data set, the lists as prompts show them."""
        if self.dataset is None or not lists.keys() <= self.rows.keys():
            return list(shown)
        return [
            CandidateList(tuple(items), self.rows[session].target, frozenset(self.rows[session].seen_items))
            for session, items in lists.items()
        ]

    def _split(self, run: Run, lists: Mapping[str, Sequence[int]]) -> Check:
        if self.dataset is None or self.training is None:
            return not_checked(SPLIT, "The data set is not in the library, or not what it was when the run began.")
        return check_split(
            [self.rows[session] for session in lists if session in self.rows],
            self.training.splits[Split.TRAIN],
            trained=uses_trained_models(RunOptions.resolve({}, recorded=run.config)),
            same_users=self.training.name == self.dataset.name,
        )
