"""A knowledge base and a policy of version 0.1 are of use."""

from collections.abc import Callable

from tests.golden.databases import FAILURES, SHARED_GOOD
from tests.simulations.conftest import Afl
from tests.simulations.golden.conftest import Restore


def test_a_policy_is_trained_on_a_knowledge_base(restore: Restore, afl: Afl) -> None:
    restore(SHARED_GOOD)
    trained = afl("hints", "train", "h", "--sessions", 10, "--json")
    assert trained.code == 0
    assert (trained.json["base"], trained.json["sessions"]) == ("h", {"train": 8, "valid": 2})
    assert trained.json["llm"]["calls"] == 60


def test_a_policy_advises_new_dialogues_as_it_did(
    restore: Restore, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    restore(FAILURES)
    asked = "simulate --dataset demo --llm offline --sessions 8 --split all --rounds 2 --tool re2llm:hints"
    models = "--recommender popularity --reward popularity"
    assert afl(*asked.split(), *models.split(), "--run", "new").code == 0
    assert exported("new") == FAILURES.export("tool")


def test_an_exported_knowledge_base_is_imported_under_another_name(restore: Restore, afl: Afl) -> None:
    restore(FAILURES)
    afl("hints", "export", "hints", "--out", "hints.json")
    assert afl("hints", "import", "hints.json", "--name", "copy").code == 0
    kept, copied = (afl("hints", "show", name, "--json").json["hints"] for name in ("hints", "copy"))
    assert [hint["text"] for hint in copied] == [hint["text"] for hint in kept]
