import pytest

from afl.errors import NotFoundError
from afl.plugins import load, names
from afl.testing import plugged


def test_objects_are_registered_by_group_and_name_until_the_block_ends() -> None:
    with plugged({"afl.importers": {"mine": str, "yours": int}, "afl.models": {"mine": dict}}):
        assert (load("afl.importers", "mine"), load("afl.importers", "yours"), load("afl.models", "mine")) == (
            str,
            int,
            dict,
        )
        assert {"mine", "yours", "csv"} <= set(names("afl.importers"))
    with pytest.raises(NotFoundError, match="no importer is called 'mine'"):
        load("afl.importers", "mine")


def test_a_name_that_is_taken_means_the_new_object_for_so_long() -> None:
    with plugged({"afl.importers": {"csv": str}}):
        assert load("afl.importers", "csv") is str
    assert load("afl.importers", "csv") is not str
