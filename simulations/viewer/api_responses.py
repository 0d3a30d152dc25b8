"""What the viewer answers besides pages: JSON that any stranger's words fit into, and mistakes in words."""

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


def data(found: Any, status: int = HTTPStatus.OK) -> Response:
    """Dataclasses and queries as JSON that UTF-8 can hold; read back, every value is what it was."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=_fields)
    return Response(json_safe(text), status, media_type="application/json")


def _fields(found: Any) -> dict[str, Any]:
    if isinstance(found, BaseModel):
        return dict(found)
    values = {field: getattr(found, field.name) for field in fields(found)}
    return {field.name: value for field, value in values.items() if value or not field.metadata.get("omit_empty")}


ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such run, session, base or model."},
    422: {"description": "The query cannot be read, or asks for what cannot be compared."},
}
_STATUS: Mapping[type[AFLError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    UsageError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def no_database(request: Request, error: Exception) -> Response:
    """No failure for people: the page says what to run, and reloads itself."""
    if request.url.path.startswith(API):
        return data({"error": str(error)}, HTTPStatus.NOT_FOUND)
    urls = request.app.state.urls(request)
    return HTMLResponse(rendering.page("no_database.html.jinja", urls, line=str(error)))


def afl_error(request: Request, error: Exception) -> Response:
    """What AFL says of the request, in a line."""
    status = _STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)  # type: ignore[arg-type]
    return _complaint(request, status, str(error))


def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: "There is no page at this address."}
    return _complaint(request, HTTPStatus(error.status_code), known.get(error.status_code, str(error.detail)))


def validation_error(request: Request, error: Exception) -> Response:
    """A query that the page does not know."""
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return _complaint(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"The address cannot be read: {said}")


def _complaint(request: Request, status: HTTPStatus, line: str) -> Response:
    if request.url.path.startswith(API):
        return data({"error": line}, status)
    urls = request.app.state.urls(request)
    return HTMLResponse(rendering.page("error.html.jinja", urls, status=status, line=line), status)
