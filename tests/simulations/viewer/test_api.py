"""The JSON under /api keeps to its own description, whatever is asked."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulations.viewer.app import create_app
from tests.simulations.viewer.browser.conftest import served

SCHEMA = schemathesis.openapi.from_dict(create_app("sqlite://").openapi())
OPERATIONS = {found.ok().path: found.ok() for found in SCHEMA.get_all_operations()}
VALID = [(path, schemathesis.GenerationMode.POSITIVE) for path in OPERATIONS]
# Whatever stands in a path may be a name: only a query can be wrong.
WRONG = [(path, schemathesis.GenerationMode.NEGATIVE) for path, found in OPERATIONS.items() if list(found.query)]


@pytest.fixture(scope="module")
def address(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(database, tmp_path_factory.mktemp("data")) as address:
        yield address


def test_every_page_is_described() -> None:
    assert {"/api/runs", "/api/runs/{run}", "/api/runs/{run}/sessions", "/api/compare"} <= set(OPERATIONS)


@pytest.mark.parametrize(("path", "mode"), VALID + WRONG, ids=lambda part: getattr(part, "value", part))
def test_every_answer_is_as_described(address: str, path: str, mode: schemathesis.GenerationMode) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        case = data.draw(OPERATIONS[path].as_strategy(generation_mode=mode))
        case.call_and_validate(base_url=address)

    asked()
