"""The forms in which endpoints take a JSON schema, and what they say of the others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from afl.llm.adaptations import Adaptations, Change
from afl.llm.endpoint_errors import FailureAction, judge
from afl.llm.error_body import ErrorBody
from afl.llm.response_format import SchemaForm, as_form, form_of, response_format, schema_of
from agents.structured import item_schema, list_schema, same_schema

BOUNDED, PLAIN = item_schema(("A", "B")), same_schema()


@pytest.mark.parametrize("form", SchemaForm)
def test_a_field_has_the_form_that_it_was_given(form: SchemaForm) -> None:
    assert form_of(as_form(response_format(BOUNDED), form)) is form


def test_a_form_is_what_its_endpoints_take() -> None:
    field = response_format(BOUNDED)
    assert field["type"] == "json_schema"
    assert field["json_schema"] == {"name": "item", "schema": BOUNDED, "strict": True}
    assert as_form(field, SchemaForm.JSON_OBJECT_SCHEMA) == {"type": "json_object", "schema": BOUNDED}
    assert as_form(field, SchemaForm.JSON_OBJECT) == {"type": "json_object"}
    assert as_form(field, SchemaForm.NONE) is None
    unbounded = schema_of(
        as_form(response_format(list_schema(("A", "B"), 2)), SchemaForm.JSON_SCHEMA_UNBOUNDED) or {}
    )
    assert unbounded is not None
    assert unbounded["properties"]["reason"] == {"type": "string"}
    assert set(unbounded["properties"]["items"]) == {"type", "items"}


def test_every_form_leads_to_one_that_says_less_and_the_last_to_itself() -> None:
    forms = [SchemaForm.JSON_SCHEMA]
    while forms[-1].next is not forms[-1]:
        forms.append(forms[-1].next)
    assert forms == list(SchemaForm)


REFUSALS: Mapping[str, tuple[int, object]] = {
    "OpenAI, lengths": (
        400,
        {
            "error": {
                "message": "Invalid schema for response_format 'item': In context=('properties', 'reason'), "
                "'maxLength' is not permitted.",
                "type": "invalid_request_error",
                "param": "response_format",
                "code": None,
            }
        },
    ),
    "OpenAI, an older model": (
        400,
        {
            "error": {
                "message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
                "model.",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
        },
    ),
    "DeepSeek": (400, {"error": {"message": "This response_format type is unavailable now"}}),
    "llama-cpp-python 0.3.36": (
        500,
        {
            "error": {
                "message": "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', "
                "'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema', 'ctx': "
                "{'expected': \"'text' or 'json_object'\"}}\n\n  File \"app.py\", line 376, in "
                "create_chat_completion\n    POST /v1/chat/completions",
                "type": "internal_server_error",
                "param": None,
                "code": None,
            }
        },
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "The provided JSON schema contains features not supported by xgrammar.",
            "type": "BadRequestError",
            "code": 400,
        },
    ),
    "transformers serve": (422, {"detail": "Unsupported fields in the request: {'response_format'}"}),
    "Gemini": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The specified schema produces a constraint that has too many states for serving.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("form", [form for form in SchemaForm if form is not SchemaForm.NONE])
def test_a_refused_form_is_followed_by_the_next(name: str, form: SchemaForm) -> None:
    status, body = REFUSALS[name]
    request = {"messages": [], "response_format": as_form(response_format(BOUNDED), form)}
    verdict = judge(status, ErrorBody.read(json.dumps(body).encode()), request=request)
    assert (verdict.action, verdict.change) == (FailureAction.ADAPT, Change(schema_form=form.next))


@pytest.mark.parametrize("name", REFUSALS)
def test_without_a_schema_such_an_error_changes_nothing(name: str) -> None:
    status, body = REFUSALS[name]
    assert judge(status, ErrorBody.read(json.dumps(body).encode()), request={"messages": []}).change is None


def test_a_schema_without_bounds_needs_no_form_without_them() -> None:
    assert form_of(response_format(PLAIN)).next is SchemaForm.JSON_OBJECT_SCHEMA


def test_what_was_found_out_is_applied_stored_and_read_again() -> None:
    adaptations = Change(schema_form=SchemaForm.JSON_OBJECT).of(Adaptations())
    assert adaptations.apply({"response_format": response_format(BOUNDED)}) == {
        "response_format": {"type": "json_object"}
    }
    assert adaptations.apply({"temperature": 0}) == {"temperature": 0}
    stored: Any = json.loads(json.dumps(adaptations.to_json()))
    assert Adaptations.from_json(stored) == adaptations
    assert str(adaptations) == "JSON without a schema"


def test_a_late_refusal_of_an_earlier_form_leads_nowhere_back() -> None:
    now = Adaptations(schema_form=SchemaForm.JSON_OBJECT)
    assert Change(schema_form=SchemaForm.JSON_SCHEMA_UNBOUNDED).of(now) == now
