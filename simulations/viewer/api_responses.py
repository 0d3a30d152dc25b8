"""Responses other than pages: JSON that can hold any text, and errors as a line of text."""

import json
from collections.abc import Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from afl.errors import AFLError, NotFoundError, UsageError
from afl.sanitize import json_safe
from simulations.viewer import rendering

API = "/api"
"""Under this, pages are JSON."""


def data(value: Any, status: int = HTTPStatus.OK) -> Response:
    """Dataclasses and queries as JSON in UTF-8; read back, every value is the same."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_fields)
    return Response(json_safe(text), status, media_type="application/json")


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        return dict(value)
    values = {
        field: getattr(value, field.name) for field in fields(value) if not field.metadata.get("not_in_json")
    }
    return {field.name: entry for field, entry in values.items() if entry or not field.metadata.get("omit_empty")}


ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such run, session, knowledge base or model."},
    422: {"description": "The query is invalid, or names runs that cannot be compared."},
}
_STATUS: Mapping[type[AFLError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    UsageError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def no_database(request: Request, error: Exception) -> Response:
    """A page that says what to run and reloads itself: to people, an empty viewer is no failure."""
    if request.url.path.startswith(API):
        return data({"error": str(error)}, HTTPStatus.NOT_FOUND)
    urls = request.app.state.urls(request)
    return HTMLResponse(rendering.page("no_database.html.jinja", urls, line=str(error)))


def afl_error(request: Request, error: Exception) -> Response:
    """AFL's own error in one line."""
    status = _STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)  # type: ignore[arg-type]
    return _error_response(request, status, str(error))


def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    line = "There is no page at this address." if status == HTTPStatus.NOT_FOUND else str(error.detail)
    return _error_response(request, status, line)


def validation_error(request: Request, error: Exception) -> Response:
    """For a query with unknown fields or invalid values."""
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(
        f"{'.'.join(map(str, problem['loc'][1:]))}: {problem['msg']}" for problem in error.errors()
    )
    return _error_response(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"The address cannot be read: {problems}")


def _error_response(request: Request, status: HTTPStatus, line: str) -> Response:
    if request.url.path.startswith(API):
        return data({"error": line}, status)
    urls = request.app.state.urls(request)
    return HTMLResponse(rendering.page("error.html.jinja", urls, status=status, line=line), status)
