import pytest

from afl.errors import NotFoundError
from afl.plugins import load_plugin, plugin_names
from afl.testing import temporary_plugins


def test_objects_are_registered_by_group_and_name_until_the_block_ends() -> None:
    with temporary_plugins({"afl.importers": {"mine": str, "yours": int}, "afl.models": {"mine": dict}}):
        assert (
            load_plugin("afl.importers", "mine"),
            load_plugin("afl.importers", "yours"),
            load_plugin("afl.models", "mine"),
        ) == (
            str,
            int,
            dict,
        )
        assert {"mine", "yours", "csv"} <= set(plugin_names("afl.importers"))
    with pytest.raises(NotFoundError, match="no importer is called 'mine'"):
        load_plugin("afl.importers", "mine")


def test_a_name_that_is_taken_means_the_new_object_for_so_long() -> None:
    with temporary_plugins({"afl.importers": {"csv": str}}):
        assert load_plugin("afl.importers", "csv") is str
    assert load_plugin("afl.importers", "csv") is not str
