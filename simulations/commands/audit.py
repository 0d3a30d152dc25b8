"""`afl audit`: looks for what gives the target away in a run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.library import Library
from afl.data.sessions import Row, rows
from afl.errors import NotFoundError
from afl.settings import Settings
from agents.sections import CANDIDATES, entries
from agents.tools import SuggestionTool
from memory.records import Exchange, Transcript
from memory.run import Run
from memory.store import Store
from simulations.asynchrony import wait_for
from simulations.leaks.advice import Advised, check_advice
from simulations.leaks.check import Check, not_checked
from simulations.leaks.lists import Listed, check_lists
from simulations.leaks.positions import NAME as POSITIONS
from simulations.leaks.positions import check_positions
from simulations.leaks.prompts import PromptCheck
from simulations.leaks.split import NAME as SPLIT
from simulations.leaks.split import check_split
from simulations.leaks.suggestions import Suggested, check_suggestions

_UNTRAINED = ("none", "file")
_LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Audit:
    """What the checks of a run found."""

    run: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Nothing is broken and nothing suspicious."""
        return all(check.passed for check in self.checks)

    @property
    def exit_code(self) -> int:
        """1 when something was found."""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """The object of `audit --json`."""
        return {"run": self.run, "checks": [check.to_json() for check in self.checks], "ok": self.ok}


def audit(run: str, *, db: str | None = None, settings: Settings | None = None) -> Audit:
    """Checks the run's recorded sessions for leaks; what needs the data set is left out where it is gone or changed.

    Raises `NotFoundError` for a run that is not there.
    """
    settings = settings or Settings()
    return wait_for(_audit(run, db or settings.db_url, Library(settings.data_dir)))


async def _audit(name: str, url: str, library: Library) -> Audit:
    async with await Store.open(url) as store:
        run = await store.run(name)
        dataset = _dataset(run, library)
        by_id = {} if dataset is None else {row.id: row for split in Split for row in rows(dataset, split)}
        evidence = _Evidence(dataset, by_id)
        async for transcript in run.sessions():
            evidence.add(transcript)
        lists = (await run.candidates()).lists
        return Audit(name, evidence.checks(run, lists))


def _dataset(run: Run, library: Library) -> Dataset | None:
    """The data set as it was when the run began; None where it is gone or has changed."""
    try:
        dataset = library.load(run.config.get("dataset", ""))
    except (NotFoundError, ValueError):
        return None
    return dataset if dataset.hash == run.config.get("dataset_hash") else None


@dataclass
class _Evidence:
    """Gathers, session by session, what the checks look at."""

    dataset: Dataset | None
    rows: dict[str, Row]
    suggested: list[Suggested] = field(default_factory=list)
    advised: list[Advised] = field(default_factory=list)
    listed: dict[str, Listed] = field(default_factory=dict)
    prompts: PromptCheck = field(init=False)

    def __post_init__(self) -> None:
        titles = () if self.dataset is None else self.dataset.catalogue.titles
        self.prompts = PromptCheck(titles, {row.id for row in self.rows.values() if row.target in row.history})

    def add(self, transcript: Transcript) -> None:
        record = transcript.record
        if record.suggestion is not None:
            self.suggested.append(Suggested(record.suggestion, record.target))
        for exchange in transcript.exchanges:
            key = exchange.turn.key
            if exchange.entry is not None and (key.phase, key.attempt) == (_LOOP, 0):
                self._add(exchange, record.target, first=exchange is transcript.exchanges[0])

    def _add(self, exchange: Exchange, target: str, *, first: bool) -> None:
        """A first attempt within the loop; repairs repeat it and show the model its own words."""
        key, entry = exchange.turn.key, exchange.entry
        assert entry is not None
        self.prompts.add(key.subject, target, entry.messages, first=first)
        if first:
            shown = tuple(entries(entry.messages[-1]["content"], CANDIDATES))
            self.listed[key.subject] = Listed(shown, target)
            self.advised += [
                Advised(advice.tool, advice.text, shown, target)
                for advice in exchange.turn.advice
                if shown and advice.tool != SuggestionTool.name
            ]

    def checks(self, run: Run, lists: Any) -> tuple[Check, ...]:
        """All checks, in the order they are reported."""
        size = max((len(items) for items in lists.values()), default=0)
        shown = [listed for listed in self.listed.values() if listed.candidates]
        places = [listed.candidates.index(listed.target) for listed in shown if listed.target in listed.candidates]
        return (
            check_suggestions(self.suggested, candidates=size),
            check_advice(self.advised),
            self.prompts.check(),
            self._positions(run, places, candidates=size),
            check_lists(self._lists(shown, lists), method=run.config.get("candidates_from", "seeded")),
            self._split(run, lists),
        )

    def _positions(self, run: Run, places: Sequence[int], *, candidates: int) -> Check:
        placed = run.config.get("target_position", "random")
        if placed != "random":
            return not_checked(
                POSITIONS, f"The run was begun with the target in the {placed} place of every list."
            )
        return check_positions(places, candidates=candidates)

    def _lists(self, shown: Sequence[Listed], lists: Any) -> list[Listed]:
        """The run's lists with what the user touched; without the data set, the lists as prompts show them."""
        if self.dataset is None or not lists.keys() <= self.rows.keys():
            return list(shown)
        return [
            Listed(tuple(items), self.rows[session].target, frozenset(self.rows[session].known))
            for session, items in lists.items()
        ]

    def _split(self, run: Run, lists: Any) -> Check:
        if self.dataset is None:
            return not_checked(SPLIT, "The data set is not in the library, or not what it was when the run began.")
        models = [str(run.config.get(role, "none")).partition(":")[0] for role in ("recommender", "reward")]
        tested = [self.rows[session] for session in lists if session in self.rows]
        trained = not set(models) <= set(_UNTRAINED)
        return check_split(tested, self.dataset.splits[Split.TRAIN], trained=trained)
