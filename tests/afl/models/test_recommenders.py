from pathlib import Path

import pytest

from afl.data.dataset import Dataset, Split
from afl.data.sessions import build_session, session_rows
from afl.errors import DataError, UsageError
from afl.models.context import ModelContext
from afl.models.recommenders import recommender_from_file, trained_recommender
from afl.types import SessionView
from tests.afl.models.contract import quiet


def views(ring: Dataset, count: int = 3) -> list[SessionView]:
    result = session_rows(ring, Split.TEST)[:count]
    return [
        build_session(ring, row, [(row.target + shift) % len(ring.catalogue) for shift in (7, 0, 13, 20)]).view
        for row in result
    ]


def context(ring: Dataset, folder: Path, argument: str | None, name: str = "sasrec") -> ModelContext:
    return ModelContext(name, argument, ring, folder, 1, quiet)


def test_a_trained_recommender_suggests_the_best_candidate(ring: Dataset, models_dir: Path) -> None:
    asked = views(ring, 12)
    suggested = trained_recommender(context(ring, models_dir, None)).suggest(asked)
    assert suggested.tolist() == [view.candidates[1] for view in asked]


@pytest.mark.parametrize(("argument", "seed"), [("17", 17), (None, 1)])
def test_the_argument_is_the_seed_or_else_the_default(
    ring: Dataset, tmp_path: Path, argument: str | None, seed: int
) -> None:
    assert context(ring, tmp_path, argument).seed == seed


def test_over_no_sessions_nothing_is_suggested(ring: Dataset, models_dir: Path) -> None:
    assert trained_recommender(context(ring, models_dir, None)).suggest([]).shape == (0,)


@pytest.mark.parametrize("argument", ["one", "-1", "1.5", "٣", "9" * 30])
def test_a_seed_that_is_no_number_is_refused(ring: Dataset, tmp_path: Path, argument: str) -> None:
    with pytest.raises(UsageError, match="expected NAME:SEED"):
        trained_recommender(context(ring, tmp_path, argument))


def from_file(ring: Dataset, folder: Path, content: str | bytes) -> list[int]:
    path = folder / "answers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    suggested: list[int] = (
        recommender_from_file(context(ring, folder, str(path), "file")).suggest(views(ring)).tolist()
    )
    return suggested


def answers(ring: Dataset) -> str:
    return "\n".join(["id,generate", *(f"{view.session},{view.candidate_titles[2]}" for view in views(ring))])


def test_answers_are_read_from_a_file(ring: Dataset, tmp_path: Path) -> None:
    assert from_file(ring, tmp_path, answers(ring)) == [view.candidates[2] for view in views(ring)]


def test_titles_match_whatever_their_case_and_spaces(ring: Dataset, tmp_path: Path) -> None:
    expected = [view.candidates[2] for view in views(ring)]
    lines = [f'{view.session},"  iTEM\n{view.candidates[2]} "' for view in views(ring)]
    assert from_file(ring, tmp_path, "\n".join(["id,generate", *lines])) == expected


def test_the_column_real_is_never_read(ring: Dataset, tmp_path: Path) -> None:
    lines = [f"{view.session},{view.candidate_titles[0]},{view.candidate_titles[1]}" for view in views(ring)]
    expected = [view.candidates[0] for view in views(ring)]
    assert from_file(ring, tmp_path, "\n".join(["id,generate,real", *lines])) == expected


def test_a_suggestion_outside_the_list_names_the_session(ring: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="session 'test-0' suggests 'Nobody', which is not on its candidate list"):
        from_file(ring, tmp_path, "id,generate\ntest-0,Nobody\n")


def test_a_missing_session_is_named(ring: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row for session 'test-0'"):
        from_file(ring, tmp_path, "id,generate\nother,Item 1\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"answers\.csv, line 1: got columns none"),
        ("name,title\n", "line 1: got columns name, title"),
        ("id,generate\n1\n", "line 2: got more or fewer fields"),
        ("id,generate\n1,a,b\n", "line 2: got more or fewer fields"),
        ("id,generate\n1,\n", "line 2: id or generate is empty"),
        ("id,generate\n1,a\n1,b\n", "line 3: session '1' occurs twice"),
        ('id,generate\n1,"a\n', "not CSV"),
        (b"id,generate\n1,\xff\n", "line 2: not UTF-8"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    ring: Dataset, tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        from_file(ring, tmp_path, content)


def test_a_missing_path_or_file_is_the_users_mistake(ring: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected file:PATH\.csv"):
        recommender_from_file(context(ring, tmp_path, None, "file"))
    with pytest.raises(UsageError, match="cannot be read"):
        recommender_from_file(context(ring, tmp_path, str(tmp_path / "none.csv"), "file"))


def test_equal_files_have_equal_identities(ring: Dataset, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,generate\n1,x\n")
    (tmp_path / "b.csv").write_text("id,generate\n1,x\n")
    one = recommender_from_file(context(ring, tmp_path, str(tmp_path / "a.csv"), "file"))
    two = recommender_from_file(context(ring, tmp_path, str(tmp_path / "b.csv"), "file"))
    assert one.identity == two.identity  # type: ignore[attr-defined]
