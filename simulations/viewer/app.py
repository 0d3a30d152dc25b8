"""Which address is which page: HTML for people, the same as JSON under /api, with its OpenAPI description."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from afl.data.dataset_store import DatasetStore as Datasets
from afl.errors import AFLError
from afl.settings import Settings
from memory.errors import MissingDatabaseError
from memory.store import Store
from simulations.viewer import api_responses, rendering
from simulations.viewer.access import LOOPBACK, Access
from simulations.viewer.charts import Chart
from simulations.viewer.data_access import WAIT_SECONDS, DataAccess
from simulations.viewer.pages import (
    compare,
    dialogue,
    flower,
    hints,
    judging,
    run,
    runs,
    sessions,
    side_by_side,
)
from simulations.viewer.urls import ServedUrls, Urls


def _no_charts(page: Any, urls: Urls) -> Sequence[Chart]:
    return ()


class Page(NamedTuple):
    """A page: its address, the function that reads it from the database, its template and its charts."""

    path: str
    read: Callable[..., Any]
    template: str
    charts: Callable[[Any, Urls], Sequence[Chart]] = _no_charts
    operation: str = ""
    """Its name in the OpenAPI description; by default that of the page's module."""

    def html(self, data: Any, urls: Urls) -> str:
        """What `read` returned, rendered for people."""
        return rendering.page(self.template, urls, page=data, charts=self.charts(data, urls))


PAGES = (
    Page("/", runs.read, "runs.html.jinja"),
    Page("/runs/{run}", run.read, "run.html.jinja", run.charts),
    Page("/runs/{run}/sessions", sessions.read, "sessions.html.jinja"),
    Page("/runs/{run}/sessions/{session}", dialogue.read, "dialogue.html.jinja"),
    Page("/runs/{run}/judging", judging.read, "judging.html.jinja", judging.charts),
    Page("/compare", compare.read, "compare.html.jinja", compare.charts),
    Page("/compare/{session}", side_by_side.read, "side_by_side.html.jinja"),
    Page("/hints", hints.read_list, "knowledge_bases.html.jinja", operation="bases"),
    Page("/hints/{base}", hints.read_base, "knowledge_base.html.jinja", hints.charts, "base"),
    Page("/flower", flower.read_list, "flower_models.html.jinja", flower.list_charts, "flower_models"),
    Page("/flower/{model}", flower.read_model, "flower_model.html.jinja", flower.model_charts, "flower_model"),
)
_API_ROOT = "/api/runs"
"""The list of runs is the root page, but has a name in the API."""

STATIC = Path(str(files("simulations.viewer"))) / "static"
PLOTLY = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"


def create_app(
    url: str,
    *,
    datasets: Path | None = None,
    hosts: Iterable[str] = LOOPBACK,
    token: str | None = None,
    urls: Callable[[Request], Urls] = lambda request: ServedUrls(),
    store: Callable[[str], Awaitable[Store]] = Store.open_for_reading,
    patience: float | None = WAIT_SECONDS,
) -> FastAPI:
    """The viewer over the database at `url`, which is opened for reading when the app starts.

    `datasets` is the folder of the data sets, by default that of the settings. `hosts` are the names it answers to;
    with `token` it answers to any, and only to requests with the token. `urls` writes the addresses in the answer to a
    request, `store` opens the database, `patience` is that of `DataAccess`. Without a database every page says so until
    there is one.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:

            async def open_data() -> DataAccess:
                database = await stack.enter_async_context(await store(url))
                return DataAccess(database, Datasets(datasets or Settings().data_dir), patience=patience)

            app.state.data, app.state.open_data = None, open_data
            with suppress(MissingDatabaseError):
                app.state.data = await open_data()
            yield

    app = FastAPI(
        title="AFL viewer",
        version=version("afl"),
        lifespan=opened,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{api_responses.API}/openapi.json",
    )
    app.state.urls = urls
    for page in PAGES:
        app.get(page.path, include_in_schema=False, response_class=HTMLResponse)(_html(page))
        path = _API_ROOT if page.path == "/" else f"{api_responses.API}{page.path}"
        app.get(
            path,
            name=page.operation or page.read.__module__.rpartition(".")[2],
            description=page.read.__doc__,
            response_model=get_type_hints(page.read)["return"],
            responses=api_responses.ERRORS,
        )(_json(page))
    app.get("/static/plotly.min.js", include_in_schema=False)(_plotly)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(MissingDatabaseError, api_responses.no_database)
    app.add_exception_handler(AFLError, api_responses.afl_error)
    app.add_exception_handler(HTTPException, api_responses.http_error)
    app.add_exception_handler(RequestValidationError, api_responses.validation_error)
    app.add_middleware(Access, hosts=hosts, token=token)
    return app


def _html(page: Page) -> Callable[..., Any]:
    """The page for people: what `page.read` returns, through its template."""

    async def respond(request: Request, data: Annotated[Any, Depends(page.read)]) -> HTMLResponse:
        return HTMLResponse(page.html(data, request.app.state.urls(request)))

    return respond


def _json(page: Page) -> Callable[..., Any]:
    """The page for programs: what `page.read` returns."""

    async def respond(data: Annotated[Any, Depends(page.read)]) -> Response:
        return api_responses.data(data)

    return respond


async def _plotly() -> FileResponse:
    """The JavaScript out of plotly's Python package."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})
