"""Pages as files: one HTML document with everything in it, and Markdown beside its figures."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from afl.sanitize import document_safe
from simulations.document.figures import style
from simulations.document.page import Block, Page, Table

if TYPE_CHECKING:
    from jinja2 import Environment

GENERATOR = "AFL"
"""Named in every page, so that a page may replace a page and nothing else."""

_BESIDE = 6
"""Columns that a table beside a figure has at most."""

_MARKUP = re.compile(
    r"([\\`*{}\[\]<>#|~$]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|:(?=//)|(?<=\bwww)\.|^[-+](?=\s|$)|^[-=](?=[-=\s]*$))"
)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")


def files_of(page: Page) -> dict[str, bytes]:
    """Path -> content of every file of the page; equal pages give equal bytes."""
    drawings: dict[str, str] = {}
    files: dict[str, bytes] = {}
    with style.looks():
        for figure in page.figures():
            drawing = figure.draw()
            drawings[figure.name] = document_safe(style.svg(drawing))
            files[f"figures/{figure.name}.svg"] = drawings[figure.name].encode()
            files[f"figures/{figure.name}.png"] = style.png(drawing)
    files["report.html"] = html(page, drawings).encode()
    files["report.md"] = markdown(page).encode()
    return files


def html(page: Page, drawings: Mapping[str, str]) -> str:
    """The page as one HTML document; `drawings` are its figures as SVG, by name."""
    from markupsafe import Markup, escape

    alternatives = {figure.name: escape(document_safe(figure.alternative)) for figure in page.figures()}
    inline = {
        name: Markup(_labelled(style.inline(drawing, name=name), str(alternatives[name])))
        for name, drawing in drawings.items()
    }
    return _render("page.html.jinja", page=page, figures=inline, generator=GENERATOR, variables=style.variables())


def markdown(page: Page) -> str:
    """The page as Markdown that refers to `figures/NAME.svg`."""
    text = _render("page.md.jinja", page=page)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _labelled(drawing: str, alternative: str) -> str:
    """The drawing as an image with its alternative text."""
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{alternative}" ', 1)


def _render(template: str, **values: Any) -> str:
    return document_safe(_templates().get_template(template).render(**values))


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("simulations.document"),
        autoescape=lambda name: bool(name and "html" in name),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"rows": _rows, "kind": _kind, "words": _words}
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__


def _rows(blocks: tuple[Block, ...]) -> list[list[tuple[str, list[Block]]]]:
    """What may stand side by side: figures, or one figure and the narrow block after it."""
    rows: list[list[tuple[str, list[Block]]]] = []
    for kind, group in groupby(blocks, _kind):
        alike = list(group)
        alone = bool(rows) and len(rows[-1]) == 1 and rows[-1][0][0] == "Figure" and len(rows[-1][0][1]) == 1
        narrow = not isinstance(alike[0], Table) or len(alike[0].columns) <= _BESIDE
        if alone and narrow:
            rows[-1].append((kind, alike))
        else:
            rows.append([(kind, alike)])
    return rows


def _words(text: str) -> str:
    """Text in one line that means nothing to Markdown."""
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", " ".join(text.split())))
