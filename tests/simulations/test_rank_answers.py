"""`afl rank --answers`: answers that others have stored, as a run; the authors' 500 real ones."""

import json
import pickle
from pathlib import Path

import pytest

from afl.errors import UsageError
from simulations import import_data, rank, rescore
from simulations.analysis.ranked_lists import RankReport
from tests.simulations.conftest import Afl

KNOWN = {"hr_at_1": 0.080, "hr_at_5": 0.250, "ndcg_at_5": 0.1689, "hr_at_10": 0.388, "ndcg_at_10": 0.2139}
"""Of the 500 stored answers, counting exact title lines only; measured apart from AFL."""
MOVIES = {1: "Ran", 2: "Heat", 3: "Big", 4: "Alien", 5: "M", 6: "Brazil", 7: "Fargo"}
ROWS = [([1, 2, 3], 4, [5, 4, 6]), ([2, 3, 5], 1, [1, 4, 7])]
REPLIES = ["1. Brazil\n2. Aliens\n3. Alien", "1. *Ran*\n2. Fargo\n3. Alien"]


@pytest.fixture
def answers(home: Path, tmp_path: Path) -> Path:
    """Two sessions of three candidates, imported as `tiny`, and the answers to them."""
    folder = tmp_path / "movie"
    folder.mkdir()
    prompts = [
        f"I watched ... from a candidate set: {'; '.join(MOVIES[item] for item in listed)}.Please recommend from the "
        "candidate set."
        for _, _, listed in ROWS
    ]
    labels = [MOVIES[target] for _, target, _ in ROWS]
    requests = [{"prompt": prompt, "label": label} for prompt, label in zip(prompts, labels, strict=True)]
    records = [f"Label:{label}\nOutput: {reply}\n\n\n\n" for label, reply in zip(labels, REPLIES, strict=True)]
    (folder / "example_train.txt").write_bytes(pickle.dumps(ROWS))
    (folder / "example_test.txt").write_bytes(pickle.dumps([]))
    movies = [f"{item}\t{title}\t1980" for item, title in MOVIES.items()]
    (folder / "movies.dat").write_text("\n".join(["id\ttitle\tyear", *movies]))
    (folder / "movie_genres.dat").write_text("movieID\tgenre\n")
    (folder / "movie_directors.dat").write_text("movieID\tdirectorName\n")
    (folder / "movie_countries.dat").write_text("movieID\tcountry\n")
    (folder / "example_train_text.json").write_text(json.dumps(requests))
    (folder / "example_train_base.txt").write_text("".join(records))
    import_data("re2llm", folder, name="tiny")
    return folder / "example_train_base.txt"


def ranked(answers: Path, **options: object) -> RankReport:
    return rank(dataset="tiny", answers=answers, candidates=3, top=3, run="x", **options)  # type: ignore[arg-type]


def test_the_stored_answers_are_a_run(answers: Path) -> None:
    report = ranked(answers)
    assert (report.simulation.sessions, report.simulation.completed) == (2, 2)
    assert report.scores["hr_at_1"].value == 0.5
    assert report.scores["ndcg_at_3"].value == pytest.approx((1 + 0.5) / 2)


def test_the_scores_of_exact_lines_are_reported_too(answers: Path) -> None:
    exact = ranked(answers).exact
    assert exact is not None
    assert (exact.exact, exact.named, exact.lines) == (4, 5, 6)
    assert exact.scores["hr_at_1"].value == 0.0
    assert exact.scores["ndcg_at_3"].value == pytest.approx(0.5 / 2)


def test_the_run_is_replayed_without_the_file(answers: Path, afl: Afl) -> None:
    first = ranked(answers)
    answers.unlink()
    again = afl("rank", "--replay", "x", "--run", "y", "--json").json
    assert again["ndcg_at_3"] == first.scores["ndcg_at_3"].to_json()
    assert again["exact_lines"] == (first.exact and first.exact.to_json())
    assert again["llm"]["calls"] == 0


def test_the_run_is_continued_without_asking_again(answers: Path) -> None:
    assert ranked(answers).simulation.llm["calls"] == 2
    assert ranked(answers).simulation.llm["calls"] == 0


def test_the_run_is_rescored(answers: Path) -> None:
    report = ranked(answers)
    found = rescore("x")
    assert (found.changed, found.turns) == (False, 2)
    assert found.after.ranked["ndcg_at_3"] == report.scores["ndcg_at_3"]


def test_people_see_the_gain_of_tolerant_parsing(answers: Path, afl: Afl) -> None:
    shown = afl("rank", "--dataset", "tiny", "--answers", answers, "--candidates", 3, "--top", 3).out
    assert "Only lines that are a candidate's exact title (4 of 6)" in shown
    assert "1 more line named a candidate otherwise" in shown


def test_sessions_that_were_divided_anew_have_no_answers_of_their_own(answers: Path) -> None:
    import_data("re2llm", answers.parent, name="anew", split="0:1:1")
    with pytest.raises(UsageError, match=r"--candidates|no session in split 'train'|no stored answer"):
        rank(dataset="anew", answers=answers, candidates=3, top=3)


def test_stored_answers_are_a_separate_language_model(answers: Path, afl: Afl) -> None:
    finished = afl("rank", "--dataset", "tiny", "--answers", answers, "--llm", "offline")
    assert (finished.code, "stored answers are a language model of their own" in finished.complaint) == (2, True)


def test_other_requests_get_no_stored_answer(answers: Path, afl: Afl) -> None:
    command = f"rank --dataset tiny --llm answers:{answers} --split train --candidates 3 --top 2"
    finished = afl(*command.split())
    assert (finished.code, "no answer to this request is stored" in finished.err) == (2, True)


def test_the_500_real_answers_have_their_known_metrics_and_keep_them(
    shared_data: Path, home: Path, afl: Afl
) -> None:
    folder = shared_data / "re2llm" / "movie"
    import_data("re2llm", folder, name="movie")
    report = rank(dataset="movie", answers=folder / "example_train_base.txt", run="stored")
    assert report.exact is not None
    assert {name: round(found.value, 4) for name, found in report.exact.scores.items()} == KNOWN
    # Reading with tolerance names four lines more, none of them a target.
    assert {name: round(found.value, 4) for name, found in report.scores.items()} == KNOWN
    assert (report.exact.lines, report.exact.exact, report.exact.named) == (5000, 4916, 4920)
    again = rank(replay="stored", run="again")
    assert (again.scores, again.exact) == (report.scores, report.exact)
    assert not rescore("stored").changed
