"""The task of a run: the selected sessions of a data set, with their candidate lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.candidates import candidate_lists, lists_hash, with_target_at
from afl.data.dataset import Dataset, Split
from afl.data.judged_items import JudgedItems, judged_items
from afl.data.sessions import MIN_HISTORY, Row, Session, build_session, session_rows, with_target_in_history
from afl.data.shown_attributes import require_attributes
from afl.data.split import Shares
from afl.draws import derived_seed
from afl.errors import UsageError
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.types import SessionView
from memory.records import CandidateRecord
from simulations.options.run_options import RunOptions


@dataclass(frozen=True)
class Task:
    """Sessions in the order they are run; everything in it is determined by data set and options."""

    dataset: Dataset
    options: RunOptions
    rows: list[Row]
    candidates: NDArray[np.int32]
    """(S, N) the lists as shown."""
    candidates_hash: str
    training: Dataset
    """What base models and the offline language model learn from: `dataset`, or one over the same catalogue; without
    the targets where training sequences are played."""
    judged: JudgedItems | None = None
    """The items that the user agent judges after the dialogue; None where it judges none."""
    knowledge_base: KnowledgeBase | None = None
    """Its hints are tried on every session; None where there are none to try."""

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        options: RunOptions,
        training: Dataset | None = None,
        knowledge_base: KnowledgeBase | None = None,
    ) -> "Task":
        """Selects the sessions and draws their lists. Raises `UsageError` when there is no session to run."""
        require_attributes(dataset.catalogue, options.show_attributes, dataset.name)
        ratios = options.judged_ratios()
        selected, lists, judged = [], [], []
        for split in options.splits:
            rows = session_rows(dataset, split, held_out=options.held_out)
            # The reference protocol draws one stream over all rows of a split: lists come before the selection.
            sampled = candidate_lists(
                dataset, rows, size=options.candidates, seed=options.seed, method=options.candidates_from
            )
            selected += rows
            lists.append(sampled.items)
            if ratios:
                judged.append(
                    judged_items(
                        dataset,
                        rows,
                        sampled.items,
                        ratios=ratios,
                        seed=options.seed,
                        method=options.candidates_from,
                    )
                )
        if not selected:
            raise UsageError(no_sessions(dataset, options))
        order = _order(dataset, options, selected)
        ordered, shuffled = [selected[index] for index in order], np.concatenate(lists)[order]
        items = with_target_at(shuffled, [row.target for row in ordered], options.target_position)
        return cls(
            dataset,
            options,
            ordered,
            items,
            lists_hash(ordered, items),
            _training_without_targets(dataset, options, training or dataset),
            JudgedItems(np.concatenate([each.items for each in judged])[order], judged[0].wanted)
            if judged
            else None,
            knowledge_base,
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hints that are tried on every session."""
        return () if self.knowledge_base is None else self.knowledge_base.hints

    def session(self, position: int) -> Session:
        """The session at this position of the task."""
        return self._session(self.rows[position], self.candidates[position].tolist())

    def views(self) -> list[SessionView]:
        """All sessions as models may see them."""
        return [self.session(position).view for position in range(len(self))]

    def judging_views(self) -> list[SessionView]:
        """All sessions as the reward model sees them for judging: the whole history, then the judged items.

        The target of the dialogue is part of the history by then.
        """
        assert self.judged is not None, "only called where items are judged"
        pairs = zip(self.rows, self.judged.items.tolist(), strict=True)
        return [self._session(with_target_in_history(row), items).view for row, items in pairs]

    def _session(self, row: Row, items: Sequence[int]) -> Session:
        return build_session(self.dataset, row, items, show_attributes=self.options.show_attributes)

    def candidate_record(self) -> CandidateRecord:
        """The lists as they are stored with the run."""
        lists = zip(self.rows, self.candidates.tolist(), strict=True)
        titles = self.dataset.catalogue.titles
        by_item = {item: titles[item] for item in np.unique(self.candidates).tolist()}
        return CandidateRecord(self.candidates_hash, {row.id: items for row, items in lists}, by_item)

    def configuration(self) -> dict[str, Any]:
        """The part of a run's configuration that data and options determine."""
        values = self.options.configuration()
        values |= {"dataset_hash": self.dataset.hash, "candidates_hash": self.candidates_hash}
        if self.training.hash != self.dataset.hash:
            values |= {"train_on": self.training.name, "training_hash": self.training.hash}
        if self.knowledge_base is not None:
            values |= {"hints_hash": self.knowledge_base.hash}
        return values if self.judged is None else values | {"judged_hash": self.judged.hash(self.rows)}


def _training_without_targets(dataset: Dataset, options: RunOptions, training: Dataset) -> Dataset:
    """What models may learn from: of training sequences that are played, only what comes before their targets.

    Hints are learned on training sessions and tried on others: the language model is the same for all of them.
    """
    played = Split.TRAIN in options.splits or options.protocol == "hints"
    if not played or training.hash != dataset.hash:
        return training
    return training.without_targets(held_out=options.held_out)


def no_sessions(dataset: Dataset, options: RunOptions) -> str:
    """Why there is nothing to run: the split is empty, or its sequences are too short."""
    sequences = [dataset.splits[split] for split in options.splits]
    reason = f"data set {dataset.name!r} has no session in split {options.split!r}"
    if not any(map(len, sequences)):
        return f"{reason}: {_divided(dataset)}"
    longest = max(int(of_split.lengths.max(initial=0)) for of_split in sequences)
    least = MIN_HISTORY + 1 + options.held_out
    held_out = f", {options.held_out} of them held out; ask about fewer with --items" if options.held_out else ""
    return f"{reason}; a session needs a sequence of at least {least} items{held_out} (the longest here has {longest})"


def _divided(dataset: Dataset) -> str:
    """How many sequences each split got, and what to do where that is none."""
    counts = {split: len(dataset.splits[split]) for split in Split}
    divided = f"its {sum(counts.values()):,} sequences are " + ", ".join(f"{n:,} {s}" for s, n in counts.items())
    shares = Shares.from_note(dataset.notes.get("split", ""))
    if shares is None:
        return f"{divided}, as its source divides them; choose another --split"
    return (
        f"{divided} (divided {shares}, validation and test rounded down); import at least {shares.min_sequences} "
        "users, other shares (afl data import ... --split 2:1:1), or choose --split train"
    )


def _order(dataset: Dataset, options: RunOptions, rows: list[Row]) -> list[int]:
    if options.sessions is None:
        return list(range(len(rows)))
    if options.sessions > len(rows):
        raise UsageError(
            f"--sessions: got {options.sessions}, but split {options.split!r} of {dataset.name!r} has {len(rows)}; "
            "without --sessions all of them are run"
        )
    seed = options.seed if options.sessions_seed is None else options.sessions_seed
    sort_keys = [derived_seed("sessions", seed, dataset.hash, row.id) for row in rows]
    return sorted(range(len(rows)), key=sort_keys.__getitem__)[: options.sessions]
