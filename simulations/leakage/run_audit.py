"""Checks a recorded run for leaks: anything that gives the target away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import Row, session_rows
from afl.errors import NotFoundError
from afl.prompt_headings import HEADINGS, Headings
from afl.types import Phase, Role
from agents.sections import listed_titles
from agents.tools import SuggestionTool
from memory.records import Exchange, Transcript
from memory.run import Run
from simulations.analysis.audit_check import Check, not_checked
from simulations.leakage.candidate_lists import POSITIONS, CandidateList, check_lists, check_positions
from simulations.leakage.dialogue import DialogueCheck, DialogueLines
from simulations.leakage.judged_items import LabelCheck
from simulations.leakage.preflight import uses_trained_models
from simulations.leakage.prompts import PromptCheck
from simulations.leakage.split import SPLIT, check_split
from simulations.leakage.suggestions import Suggestion, ToolAdvice, check_advice, check_suggestions
from simulations.options.run_options import RunOptions
from simulations.task.run_kind import RunKind
from simulations.task.training_data import recorded_training_data


@dataclass(frozen=True, slots=True)
class Audit:
    """The checks of a run."""

    run: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check found anything broken or suspicious."""
        return all(check.passed for check in self.checks)

    @property
    def exit_code(self) -> int:
        """1 when a check found something."""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """The object of `audit --json`."""
        return {"run": self.run, "checks": [check.to_json() for check in self.checks], "ok": self.ok}


async def audit_run(run: Run, datasets: DatasetStore) -> Audit:
    """All checks of a run; those that need the data set are not made where it is missing or has changed."""
    evidence = _evidence(run, datasets)
    async for transcript in run.transcripts_by_id():
        evidence.add(transcript)
    return Audit(run.name, evidence.checks(run, (await run.candidates()).lists))


@dataclass
class Evidence:
    """What the checks examine, collected session by session; with the data set, where it is still in the library."""

    dataset: Dataset | None
    training: Dataset | None
    """The training data of models; None where it is missing or has changed."""
    rows: Mapping[str, Row]
    """Session -> its row as in the run; empty without the data set."""
    headings: Headings = HEADINGS
    """Those of the run's requests."""
    suggestions: list[Suggestion] = field(default_factory=list)
    advice: list[ToolAdvice] = field(default_factory=list)
    candidate_lists: dict[str, CandidateList] = field(default_factory=dict)
    dialogue: DialogueCheck = field(init=False)
    labels: LabelCheck = field(init=False)
    prompts: PromptCheck = field(init=False)

    def __post_init__(self) -> None:
        titles = () if self.dataset is None else self.dataset.catalogue.titles
        self.dialogue = DialogueCheck(headings=self.headings)
        self.labels = LabelCheck(headings=self.headings)
        self.prompts = PromptCheck(titles, self.headings)

    def add(self, transcript: Transcript) -> None:
        """Adds a session, without repair requests: those repeat a request and show the model its own reply."""
        record = transcript.record
        if record.suggestion is not None:
            self.suggestions.append(Suggestion(record.suggestion, record.target))
        dialogue, first = DialogueLines(record, self.headings), True
        for exchange in transcript.exchanges:
            if exchange.entry is None or exchange.turn.key.attempt:
                continue
            if exchange.turn.key.phase == Phase.REFLECTION:
                continue  # The prompt names the target on purpose; its hints are checked where they are used.
            if exchange.turn.key.phase == Phase.JUDGE:
                # An unfinished session has judged only its first items, which are the wanted ones.
                self._add_judging_request(
                    exchange, dialogue, record.rounds, whole=not record.outcome.retried_on_continuation
                )
            else:
                self._add_dialogue_request(exchange, dialogue, record.target, first=first)
                first = False

    def checks(self, run: Run, lists: Mapping[str, Sequence[int]]) -> tuple[Check, ...]:
        """All checks, in the order they are reported."""
        size = max((len(items) for items in lists.values()), default=0)
        lists_in_prompts = [entry for entry in self.candidate_lists.values() if entry.candidates]
        positions = [
            entry.candidates.index(entry.target) for entry in lists_in_prompts if entry.target in entry.candidates
        ]
        return (
            check_suggestions(self.suggestions, candidates=size),
            check_advice(self.advice),
            self.prompts.check(),
            self.dialogue.check(),
            self.labels.check(),
            self._positions(run, positions, candidates=size),
            check_lists(self._lists(lists_in_prompts, lists), method=run.config.get("candidates_from", "seeded")),
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
            candidates = tuple(listed_titles(entry.messages[-1]["content"], self.headings.candidates))
            self.candidate_lists[key.subject] = CandidateList(candidates, target)
        if first and key.role == Role.RECOMMENDATION:
            self.advice += [
                ToolAdvice(advice.tool, advice.text, candidates, target)
                for advice in exchange.turn.advice
                if candidates and advice.tool != SuggestionTool.name
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
                POSITIONS, f"The run puts the target in the {target_position} position of every list on purpose."
            )
        return check_positions(positions, candidates=candidates)

    def _lists(
        self, lists_in_prompts: Sequence[CandidateList], lists: Mapping[str, Sequence[int]]
    ) -> list[CandidateList]:
        """The run's lists with the items that users touched; without the data set, the lists in the prompts."""
        if self.dataset is None or not lists.keys() <= self.rows.keys():
            return list(lists_in_prompts)
        return [
            CandidateList(tuple(items), self.rows[session].target, frozenset(self.rows[session].seen_items))
            for session, items in lists.items()
        ]

    def _split(self, run: Run, lists: Mapping[str, Sequence[int]]) -> Check:
        if self.dataset is None or self.training is None:
            return not_checked(SPLIT, "The data set is not in the library, or has changed since the run.")
        return check_split(
            [self.rows[session] for session in lists if session in self.rows],
            self.training.splits[Split.TRAIN],
            trained=uses_trained_models(RunOptions.resolve({}, recorded=run.config)),
            same_users=self.training.name == self.dataset.name,
        )


def _evidence(run: Run, datasets: DatasetStore) -> Evidence:
    """Empty evidence, with the data set that the run was started with."""
    dataset = _dataset(datasets, run.config.get("dataset"), run.config.get("dataset_hash"))
    training = dataset
    if "training_hash" in run.config:
        train_on = _loaded(datasets, run.config["train_on"])
        training = None if train_on is None else recorded_training_data(train_on, run.config)
    rows = {} if dataset is None else {row.id: row for row in _rows(run, dataset)}
    return Evidence(dataset, training, rows, RunKind.from_config(run.config).headings)


def _dataset(datasets: DatasetStore, name: str | None, hash: str | None) -> Dataset | None:
    """The data set with this content; None where it is missing or has changed."""
    dataset = _loaded(datasets, name)
    return dataset if dataset is not None and dataset.hash == hash else None


def _loaded(datasets: DatasetStore, name: str | None) -> Dataset | None:
    try:
        return datasets.load(name or "")
    except (NotFoundError, ValueError):
        return None


def _rows(run: Run, dataset: Dataset) -> list[Row]:
    """The rows of all splits, with as many items held out as in the run."""
    options = RunOptions.resolve({}, recorded=run.config)
    return [row for split in Split for row in session_rows(dataset, split, held_out=options.held_out)]
