import re

import pytest

from afl.data import download
from afl.errors import NotFoundError, UsageError
from afl.plugins import load_plugin

EXAMPLES = [name.replace("CATEGORY", "Video_Games") for name in download.source_names()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_source_names_its_files_terms_citation_and_an_importer_that_there_is(name: str) -> None:
    source = download.find_source(name)
    assert all(file.url.startswith("https://") and "{" not in file.url for file in source.files)
    assert all((source.licence, source.citation, source.page))
    assert callable(load_plugin("afl.importers", source.format))


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_known_of_a_file_has_the_shape_of_a_size_and_a_hash(name: str) -> None:
    files = download.find_source(name).files
    assert all(file.size is None or file.size > 1_000_000 for file in files)
    assert all(re.fullmatch(r"[0-9a-f]{32}", file.md5 or "0" * 32) for file in files)
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256 or "0" * 64) for file in files)


def test_a_category_is_part_of_addresses_and_name() -> None:
    source = download.find_source("amazon-2014:Toys_and_Games")
    assert source.name == "amazon-2014-Toys_and_Games"
    assert [file.name for file in source.files] == [
        "reviews_Toys_and_Games_5.json.gz",
        "meta_Toys_and_Games.json.gz",
    ]


def test_an_unknown_source_lists_those_there_are() -> None:
    with pytest.raises(NotFoundError, match=r"no source is called 'netflix'; available: .*ml-1m"):
        download.find_source("netflix")


@pytest.mark.parametrize("name", ["amazon-2023", "ml-1m:x", "amazon-2023:../x"])
def test_a_category_where_none_belongs_or_none_where_one_does_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="expected "):
        download.find_source(name)
