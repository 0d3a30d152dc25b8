"""`response_format`: a JSON schema in a request, in the forms in which endpoints take one.

    json_schema             OpenAI, vLLM, SGLang, LM Studio, Ollama, llama.cpp's server
    json_schema_unbounded   the same without lengths and ranges, which some strict modes refuse
    json_object_schema      llama-cpp-python
    json_object             any JSON object: older models, and endpoints that enforce no schema
    none                    no such field: the prompt alone asks for JSON

Requests begin with the first form; an endpoint that refuses one gets the next.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from afl.types import JsonSchema

RESPONSE_FORMAT = "response_format"
_BOUNDS = ("maxLength", "minItems", "maxItems", "minimum", "maximum")


class SchemaForm(StrEnum):
    """A form of `response_format`, from the one that says most to the one that says nothing."""

    JSON_SCHEMA = "json_schema"
    JSON_SCHEMA_UNBOUNDED = "json_schema_unbounded"
    JSON_OBJECT_SCHEMA = "json_object_schema"
    JSON_OBJECT = "json_object"
    NONE = "none"

    @property
    def next(self) -> "SchemaForm":
        """The form to try where this one is refused."""
        return _FORMS[min(_FORMS.index(self) + 1, len(_FORMS) - 1)]

    def later(self, other: "SchemaForm | None") -> "SchemaForm":
        """That of the two which is tried later."""
        return self if other is None or _FORMS.index(self) >= _FORMS.index(other) else other

    def __str__(self) -> str:
        return _TEXTS[self]


_FORMS = tuple(SchemaForm)
_TEXTS = {
    SchemaForm.JSON_SCHEMA: "a JSON schema",
    SchemaForm.JSON_SCHEMA_UNBOUNDED: "a JSON schema without lengths and ranges",
    SchemaForm.JSON_OBJECT_SCHEMA: "a JSON schema as json_object",
    SchemaForm.JSON_OBJECT: "JSON without a schema",
    SchemaForm.NONE: "no response_format",
}


def response_format(schema: JsonSchema) -> dict[str, Any]:
    """The field for a schema in its first form."""
    return {"type": "json_schema", "json_schema": {"name": schema["title"], "schema": schema, "strict": True}}


def schema_of(field: Mapping[str, Any]) -> JsonSchema | None:
    """The schema that a field holds, in whatever form; None without one."""
    schema: JsonSchema | None = field.get("schema") or field.get("json_schema", {}).get("schema")
    return schema


def form_of(field: Mapping[str, Any] | None) -> SchemaForm:
    """The form that a field has; a schema without bounds has the second, as it cannot get simpler in the first."""
    schema = None if field is None else schema_of(field)
    if field is None:
        return SchemaForm.NONE
    if field["type"] == "json_object":
        return SchemaForm.JSON_OBJECT if schema is None else SchemaForm.JSON_OBJECT_SCHEMA
    return SchemaForm.JSON_SCHEMA if _has_bounds(schema) else SchemaForm.JSON_SCHEMA_UNBOUNDED


def as_form(field: Mapping[str, Any], form: SchemaForm) -> dict[str, Any] | None:
    """A field of the first form in another one; None for no field."""
    schema = schema_of(field)
    assert schema is not None, "fields are made by `response_format`"
    match form:
        case SchemaForm.JSON_SCHEMA:
            return dict(field)
        case SchemaForm.JSON_SCHEMA_UNBOUNDED:
            return response_format(_without_bounds(schema))
        case SchemaForm.JSON_OBJECT_SCHEMA:
            return {"type": "json_object", "schema": schema}
        case SchemaForm.JSON_OBJECT:
            return {"type": "json_object"}
        case SchemaForm.NONE:
            return None


def _has_bounds(schema: Any) -> bool:
    return bool(schema != _without_bounds(schema))


def _without_bounds(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {name: _without_bounds(value) for name, value in schema.items() if name not in _BOUNDS}
    return schema
