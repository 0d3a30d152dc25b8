"""Policies: what they choose, and their files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset
from afl.errors import ConflictError, ModelError, NotFoundError
from afl.hints.encoding import Encoding
from afl.hints.knowledge_base import Hint, KnowledgeBase
from afl.hints.policy import FILENAME, Actor, Layer, Policy, trained_dataset
from tests.afl.hints.conftest import view

BASE = KnowledgeBase("films", "films", "offline", (Hint(1, "Prefer horror."), Hint(2, "Prefer crime.")))


@pytest.fixture
def policy(films: Dataset) -> Policy:
    """Hint 1 for horror, hint 2 for crime, none where there is neither."""
    encoding = Encoding.fit("attributes", films, [view(films, 0, 1), view(films, 2, 3), view(films, 4)])
    weight = np.zeros((3, len(encoding.mean)), np.float32)
    features = list(encoding.encoder.features)
    weight[1, features.index("genre: Horror")] = 4
    weight[2, features.index("genre: Crime")] = 4
    actor = Actor((Layer(weight, np.array([2, 0, 0], np.float32)),))
    return Policy(actor, encoding, BASE, films.catalogue.hash, {"reward": "gain"})


def test_it_chooses_the_most_likely_hint_with_its_probability(policy: Policy, films: Dataset) -> None:
    horror, crime, neither = policy.choose([view(films, 1, 2), view(films, 3), view(films, 4)])
    assert (horror.hint, crime.hint, neither.hint) == (*BASE.hints, None)
    assert 0.5 < horror.probability < 1


def test_layers_are_joined_by_tanh() -> None:
    first = Layer(np.array([[2.0]], np.float32), np.array([0.5], np.float32))
    second = Layer(np.array([[1.0], [-1.0]], np.float32), np.zeros(2, np.float32))
    shares = Actor((first, second)).probabilities(np.array([[0.3]], np.float32))
    value = np.exp(2 * np.tanh(1.1))
    assert shares[0] == pytest.approx([value / (1 + value), 1 / (1 + value)])


def test_a_loaded_policy_has_equal_choices_and_an_equal_hash(
    policy: Policy, films: Dataset, tmp_path: Path
) -> None:
    policy.save(tmp_path / "films")
    again = Policy.load(tmp_path / "films", films)
    views = [view(films, 0, 1, 4), view(films, 2)]
    assert again.choose(views) == policy.choose(views)
    assert (again.hash, again.base, dict(again.log)) == (policy.hash, BASE, {"reward": "gain"})
    assert trained_dataset(tmp_path / "films") == "films"


def test_only_what_determines_choices_is_in_the_hash(policy: Policy) -> None:
    assert replace(policy, log={"other": 1}).hash == policy.hash
    assert replace(policy, base=replace(BASE, hints=BASE.hints[:1])).hash != policy.hash


def test_nothing_is_pickled_and_no_other_file_is_left(policy: Policy, tmp_path: Path) -> None:
    path = policy.save(tmp_path / "films")
    assert [file.name for file in path.parent.iterdir()] == [FILENAME]
    assert b"pickle" not in path.read_bytes()


def test_a_missing_policy_names_the_command_that_trains_one(films: Dataset, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="`afl hints train films` trains one"):
        Policy.load(tmp_path / "films", films)


def test_a_changed_file_is_refused(policy: Policy, films: Dataset, tmp_path: Path) -> None:
    path = policy.save(tmp_path / "films")
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="its content is not what was saved"):
        Policy.load(tmp_path / "films", films)


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, b"not a policy at all"])
def test_a_damaged_file_is_named(content: bytes, films: Dataset, tmp_path: Path) -> None:
    (tmp_path / FILENAME).write_bytes(content)
    with pytest.raises(ModelError, match="not a readable policy"):
        Policy.load(tmp_path, films)


def test_another_catalogue_is_refused(policy: Policy, films: Dataset, tmp_path: Path) -> None:
    policy.save(tmp_path)
    with pytest.raises(ConflictError, match="trained on another catalogue than that of 'films'"):
        Policy.load(tmp_path, replace(films, catalogue=Catalogue.build(["1"], ["Other"])))
