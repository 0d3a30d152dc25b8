import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.data.importers._records import records_of, text_in, texts_in
from afl.errors import DataError

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
lists = st.lists(st.text(max_size=3), max_size=2)
values = st.one_of(st.text(max_size=8), numbers, st.booleans(), st.none(), lists)
LINES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(file: Path, text: str) -> list[object]:
    file.write_text(text, encoding="utf-8")
    return [record for _, record in records_of(file)]


@LINES
@given(st.dictionaries(st.text(max_size=5), values, min_size=1, max_size=5), st.booleans())
def test_a_python_literal_reads_as_python_reads_it(
    tmp_path: Path, record: dict[str, object], second: bool
) -> None:
    line = repr(record).replace("{'", "{u'").replace(": '", ": u'") if second else repr(record)
    expected = ast.literal_eval(line)
    assert read(tmp_path / "x.json", f"{line}\n") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "{'a': 'b' 'c'}", "{ 'a':'b' }", "{'a': 'b', }", "{'a': b'c'}", "{'a': '\\x41\\u0042'}", "{'a': 1e3, 'b': -2}",
        "{'a': \"it's\", 'b': 'a \"b\"'}", "{'a': {'b': ['c']}}", "{}",
    ],
)  # fmt: skip
def test_unusual_literals_read_as_python_reads_them(tmp_path: Path, line: str) -> None:
    assert read(tmp_path / "x.json", f"{line}\n") == [ast.literal_eval(line)]


@pytest.mark.parametrize(
    "line", ["{'a': 'b', ", "{'a': 'b'", "'a': 'b'}", "{'a': f()}", "{'a': 1; 2}", "{" * 5_000]
)
def test_what_is_no_literal_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match=r"x\.json, line 2: got .*, expected one record"):
        read(tmp_path / "x.json", f"{{'a': 1}}\n{line}\n")


def test_a_file_may_change_from_json_to_literals(tmp_path: Path) -> None:
    assert read(tmp_path / "x.json", '{"a": true}\n\n{\'a\': None}\n{"a": 1}\n') == [
        {"a": True},
        {"a": None},
        {"a": 1},
    ]


def test_texts_are_found_stripped_and_sound() -> None:
    record = {"a": " ", "b": " x ", "c": "\ud83d", "d": 7, "e": True}
    assert [text_in(record, name) for name in ("a", "b", "c", "d", "e")] == [None, "x", "?", "7", None]
    assert text_in(record, "missing", "a", "b") == "x"
    assert texts_in([["a", "b"], ["a", " ", 3, "c"]]) == ("a", "b", "c")
