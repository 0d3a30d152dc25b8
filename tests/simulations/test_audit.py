"""Every leak that has spoilt published results is planted on purpose and found; a clean run passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.importers import ImportOptions
from afl.data.importers.llara import import_llara
from afl.testing.server import FakeServer
from afl.types import Advice, Refusal, SessionView
from agents import RecommendationAgent, UserAgent
from agents.repair import Question
from simulations import audit, evaluate_user, simulate
from simulations.analysis.audit_check import Check, Verdict
from simulations.commands.data import import_data
from simulations.execution.agent_factory import AgentFactory
from simulations.leakage.candidate_lists import CandidateList, check_lists, check_positions
from simulations.leakage.prompts import PromptCheck, Titles
from simulations.leakage.run_audit import Audit
from simulations.leakage.split import check_split
from simulations.leakage.suggestions import (
    Accuracy,
    Suggestion,
    ToolAdvice,
    audit_suggestions,
    check_advice,
    check_suggestions,
)
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from tests.simulations.conftest import Afl

Targets = Mapping[str, str]


def study_of(dataset: Dataset, **options: Any) -> Task:
    return Task.of(dataset, RunOptions(dataset=dataset.name, llm="offline", **options))


@pytest.fixture(autouse=True)
def endpoint(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, server: FakeServer) -> None:
    """A language model that learned nothing from the data; the offline one has seen its training sequences."""
    if "small" in request.fixturenames:
        request.getfixturevalue("small")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)


@pytest.fixture
def targets(dataset: Dataset) -> Targets:
    """Session id -> title of its target."""
    sessions = map(study_of(dataset, split="all").session, range(30))
    return {session.id: session.view.title(session.target) for session in sessions}


def audited(**options: Any) -> Audit:
    """The audit of a run over all sessions of `small`, without models."""
    given = {"dataset": "small", "split": "all", "rounds": 2, "recommender": "none", "reward": "none"}
    return audit(simulate(**{"llm": "openai:m", **given, **options}).run)


def check_of(found: Audit, name: str) -> Check:
    (check,) = (check for check in found.checks if check.name == name)
    return check


def verdicts(found: Audit) -> dict[str, str]:
    return {check.name: check.verdict.value for check in found.checks if not check.passed}


class Telltale:
    """A tool that knows the answers."""

    name = "telltale"

    def __init__(self, targets: Targets) -> None:
        self.targets = targets

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice:
        return Advice(self.name, f"People like this one went on to {self.targets[view.session]}.")


def planted(change: Callable[[Question, SessionView], Question]) -> AgentFactory:
    """The built-in agents, but for what the recommendation agent asks."""

    class Planted(RecommendationAgent):
        def question(self, view: SessionView, **rest: Any) -> Question:
            return change(super().question(view, **rest), view)

    return AgentFactory(recommendation_agent=Planted)


@pytest.mark.usefixtures("small")
def test_a_clean_run_passes_with_nothing_flagged() -> None:
    found = audited()
    assert verdicts(found) == {}
    assert (found.ok, found.exit_code) == (True, 0)
    assert check_of(found, "prompts").numbers["requests"] >= 60


def test_a_fair_file_of_suggestions_passes(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "first.csv"
    views = study_of(dataset, split="all").views()
    path.write_text("\n".join(["id,generate", *(f"{view.session},{view.candidate_titles[0]}" for view in views)]))
    found = audited(recommender=f"file:{path}")
    assert verdicts(found) == {}
    assert check_of(found, "suggestions").numbers["n"] == 30


def test_suggestions_that_are_always_right_are_an_oracle(targets: Targets, tmp_path: Path) -> None:
    path = tmp_path / "oracle.csv"
    path.write_text("\n".join(["id,generate", *(f"{session},{title}" for session, title in targets.items())]))
    found = audited(recommender=f"file:{path}")
    assert verdicts(found) == {"suggestions": "suspicious"}
    assert "30 of the 30" in check_of(found, "suggestions").text


def test_a_tool_whose_advice_names_the_target_is_found(targets: Targets) -> None:
    found = audited(tools=[Telltale(targets)])
    assert verdicts(found) == {"advice": "broken"}
    assert "'telltale' names the target in 30 of 30" in check_of(found, "advice").text


def test_the_target_in_the_instructions_is_found(targets: Targets) -> None:
    agents = planted(
        lambda question, view: replace(question, system=f"{question.system}\nThink of {targets[view.session]}.")
    )
    found = audited(agents=agents)
    assert verdicts(found) == {"prompts": "broken"}
    assert check_of(found, "prompts").numbers["in_text"] == 30


def test_the_target_in_the_history_is_found(targets: Targets) -> None:
    def reveal(question: Question, view: SessionView) -> Question:
        listed = question.request.replace("\n\n", f"\n6. {targets[view.session]}\n\n", 1)
        return replace(question, request=listed)

    found = audited(agents=planted(reveal))
    assert verdicts(found) == {"prompts": "broken"}
    assert check_of(found, "prompts").numbers["in_history"] == 30


def test_the_target_always_first_is_found(targets: Targets) -> None:
    def first(question: Question, view: SessionView) -> Question:
        target, top = targets[view.session], view.candidate_titles[0]
        swapped = question.request.replace(f". {target}\n", ". \0\n").replace(f". {top}\n", f". {target}\n")
        return replace(question, request=swapped.replace("\0", top))

    found = audited(agents=planted(first))
    assert verdicts(found) == {"positions": "broken"}
    assert check_of(found, "positions").numbers["counts"] == [30] + [0] * 19


def remembering(change: Callable[[list[Refusal], SessionView], list[Refusal]]) -> AgentFactory:
    """The built-in agents, but for what the recommendation agent is reminded of."""

    class Reminded(RecommendationAgent):
        def question(self, view: SessionView, **rest: Any) -> Question:
            memory = change(list(rest.pop("memory")), view)
            return super().question(view, memory=memory, **rest)

    return AgentFactory(recommendation_agent=Reminded)


def test_a_refusal_of_a_target_that_was_never_recommended_is_found(targets: Targets) -> None:
    def plant(memory: list[Refusal], view: SessionView) -> list[Refusal]:
        return [*memory, Refusal(1, targets[view.session], "It fits.", "Not now.")] if memory else []

    found = audited(agents=remembering(plant), rounds=3)
    assert verdicts(found) == {"dialogue": "broken"}
    assert "name the target" in check_of(found, "dialogue").text


def test_a_reason_that_no_agent_gave_is_suspicious(targets: Targets) -> None:
    def reword(memory: list[Refusal], view: SessionView) -> list[Refusal]:
        return [replace(refusal, refusal_reason="Too loud for me.") for refusal in memory]

    found = audited(agents=remembering(reword))
    assert verdicts(found) == {"dialogue": "suspicious"}
    assert "quote what no agent said" in check_of(found, "dialogue").text


def test_an_offer_that_no_agent_made_is_found(targets: Targets) -> None:
    class Misled(UserAgent):
        def question(self, view: SessionView, *, title: str, **rest: Any) -> Question:
            return super().question(view, title=targets[view.session], **rest)

    found = audited(agents=AgentFactory(user_agent=Misled))
    assert verdicts(found) == {"dialogue": "broken"}


def judging(**options: Any) -> Audit:
    """The audit of a run of the user-simulation task: two items each, one of them wanted."""
    given = {"split": "all", "rounds": 2, "recommender": "none", "reward": "none", "items": 2, **options}
    return audit(evaluate_user(dataset="small", llm="openai:m", ratios=["1:1"], arms=["afl"], **given).runs[0])


@pytest.mark.usefixtures("small")
def test_a_clean_run_that_judges_items_passes_and_every_request_is_checked() -> None:
    found = judging()
    assert {check_of(found, name).verdict for name in ("prompts", "dialogue", "labels")} == {Verdict.OK}
    assert check_of(found, "labels").numbers["requests"] == 60
    assert check_of(found, "prompts").numbers["requests"] >= 60 + 60


def misled(tell: Callable[[str, SessionView], str]) -> AgentFactory:
    """The built-in agents, but for a line that the user agent reads before it judges an item."""

    class Told(UserAgent):
        def question(self, view: SessionView, *, title: str, **rest: Any) -> Question:
            asked = super().question(view, title=title, **rest)
            return replace(asked, request=f"{tell(title, view)}\n\n{asked.request}")

    return AgentFactory(user_agent=Told)


@pytest.fixture
def last(dataset: Dataset) -> Mapping[str, str]:
    """Session id -> title of the item that is held out where one is."""
    every = [sequence for split in Split for sequence in dataset.splits[split]]
    return {sequence.id: dataset.catalogue.titles[sequence.items[-1]] for sequence in every}


def test_a_line_that_reveals_the_label_is_found(last: Mapping[str, str]) -> None:
    found = judging(agents=misled(lambda title, view: f"Kept: {'yes' if title == last[view.session] else 'no'}"))
    assert check_of(found, "labels").verdict is Verdict.BROKEN
    assert "'Kept: " in check_of(found, "labels").text


def test_a_line_that_names_a_held_out_item_is_found(last: Mapping[str, str]) -> None:
    found = judging(agents=misled(lambda title, view: f"Later they went on to {last[view.session]}."))
    assert check_of(found, "prompts").verdict is Verdict.BROKEN
    assert check_of(found, "prompts").numbers["in_text"] == 30


def test_sessions_that_are_in_the_training_data_are_found(small: Path, tmp_path: Path) -> None:
    lines = [
        f"{who}{user},Band {user * 7 % 60 + time},{time}"
        for user in range(30)
        for time in range(6)
        for who in "ab"
    ]
    (tmp_path / "twins.csv").write_text("\n".join(["user,item,timestamp", *lines]))
    import_data("csv", tmp_path / "twins.csv", name="twins", domain="music")
    found = audited(dataset="twins", split="test", llm="offline")
    assert verdicts(found)["split"] == "broken"
    assert check_of(found, "split").numbers["repeated"] > 0


def test_sessions_a_model_was_trained_on_are_suspicious(dataset: Dataset) -> None:
    task = study_of(dataset, split="all")
    training = dataset.splits[Split.TRAIN]
    assert check_split(task.rows, training, trained=True).verdict is Verdict.SUSPICIOUS
    assert check_split(task.rows, training, trained=False).verdict is Verdict.OK


def test_training_sequences_whose_targets_nothing_learned_from_are_fine(dataset: Dataset) -> None:
    task = study_of(dataset, split="train")
    learned = task.training.splits[Split.TRAIN]
    check = check_split(task.rows, learned, trained=True)
    assert (check.verdict, check.numbers["of_train"]) == (Verdict.OK, len(task.rows))


def test_without_training_sequences_there_is_nothing_to_compare_with(dataset: Dataset) -> None:
    task = study_of(dataset, split="test")
    assert check_split(task.rows, Sequences.of([])).verdict is Verdict.NOT_CHECKED


def test_without_its_data_set_a_run_is_audited_by_its_prompts(afl: Afl, small: Path) -> None:
    run = simulate(dataset="small", llm="openai:m", split="all", rounds=1, recommender="none", reward="none").run
    assert afl("data", "remove", "small").code == 0
    found = audit(run)
    assert found.ok
    assert check_of(found, "split").verdict is Verdict.NOT_CHECKED
    assert check_of(found, "lists").numbers["n"] == 30


def test_findings_are_one_json_object_and_exit_code_1(afl: Afl, targets: Targets) -> None:
    run = audited(tools=[Telltale(targets)]).run
    finished = afl("audit", run, "--json")
    assert (finished.code, finished.json["run"], finished.json["ok"]) == (1, run, False)
    assert finished.json["checks"][1]["verdict"] == "broken"
    assert "broken" in afl("audit", run).out


@pytest.mark.usefixtures("small")
def test_an_unknown_run_is_named_in_the_error(afl: Afl) -> None:
    refused = afl("audit", "nothing")
    assert refused.code == 2
    assert "no run is called 'nothing'" in refused.complaint


@pytest.fixture
def lastfm(shared_data: Path) -> Dataset:
    return import_llara(shared_data / "lastfm", ImportOptions("lastfm"))


def test_published_answers_under_another_seed_are_an_oracle(lastfm: Dataset, shared_data: Path) -> None:
    task = study_of(lastfm, seed=333, candidates_from="reference")
    check = audit_suggestions(shared_data / "prior_lastfm" / "SASRec.csv", task)
    assert check.verdict is Verdict.BROKEN
    assert (check.numbers["hits"], check.numbers["n"], check.numbers["off_list"]) == (34, 35, 87)


def test_published_answers_under_their_own_seed_are_fair(lastfm: Dataset, shared_data: Path) -> None:
    task = study_of(lastfm, candidates_from="reference")
    check = audit_suggestions(shared_data / "prior_lastfm" / "SASRec.csv", task)
    assert check.verdict is Verdict.OK
    assert (check.numbers["hits"], check.numbers["n"], check.numbers["off_list"]) == (34, 122, 0)


def test_a_few_suggestions_off_their_list_are_no_oracle_but_suspicious() -> None:
    suggested = [Suggestion("a", "a")] * 30 + [Suggestion("b", "a")] * 60 + [Suggestion(None, "a")] * 2
    assert check_suggestions(suggested, candidates=20).verdict is Verdict.SUSPICIOUS


def test_accuracy_has_clopper_and_pearsons_interval() -> None:
    found = Accuracy.of(34, 35, chance=0.05)
    assert (found.low, found.high) == pytest.approx((0.8508, 0.9993), abs=5e-4)
    assert found.is_implausible


def test_advice_that_names_every_candidate_reveals_nothing() -> None:
    titles = ("Air", "Muse", "Tricky")
    assert check_advice([ToolAdvice("t", "Air, Muse or Tricky", titles, "Muse")] * 50).verdict is Verdict.OK


def test_a_title_inside_a_longer_one_is_not_named() -> None:
    titles = Titles(["Air", "Air Supply", "Muse"])
    assert titles.named("Try Air Supply, with some flair: museum") == ["Air Supply"]
    assert not titles.mentions("Try Air Supply", "Air")


def test_words_that_every_prompt_has_are_no_leak() -> None:
    check = PromptCheck(["Yes", "Muse"])
    request = {"role": "user", "content": "Candidates:\n1. Yes\n2. Muse\n\nAnswer yes or no."}
    check.add("1", "Yes", [request], first=True)  # type: ignore[list-item]
    check.add("2", "Muse", [request], first=True)  # type: ignore[list-item]
    assert check.check().verdict is Verdict.OK


def test_uniform_positions_pass_and_uneven_ones_do_not() -> None:
    even = check_positions([place % 20 for place in range(122)], candidates=20)
    lopsided = check_positions([place % 20 for place in range(60)] + [7] * 20, candidates=20)
    assert (even.verdict, lopsided.verdict) == (Verdict.OK, Verdict.SUSPICIOUS)


def test_a_target_twice_in_its_list_is_broken() -> None:
    check = check_lists([CandidateList((1, 2, 3), 2), CandidateList((1, 2, 2), 2)], method="seeded")
    assert (check.verdict, check.numbers["target_twice"]) == (Verdict.BROKEN, 1)


def test_touched_items_on_a_list_are_allowed_only_with_the_published_sampling() -> None:
    lists = [CandidateList((1, 2, 3), 2, frozenset({2, 3}))]
    seeded, reference = check_lists(lists, method="seeded"), check_lists(lists, method="reference")
    assert (seeded.verdict, reference.verdict) == (Verdict.BROKEN, Verdict.OK)
    assert reference.numbers["with_touched_items"] == 1
