"""Results of commands that are no report: a line, or a small table."""

from pathlib import Path
from typing import TYPE_CHECKING

from memory.knowledge_bases import KnowledgeBaseRecord
from simulations.document.formats import count, plural, seconds
from simulations.document.page import Column, Facts, Page, Section, Table, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulations.commands.doctor import Diagnosis
    from simulations.commands.export import Exported
    from simulations.commands.fetch import Fetched
    from simulations.commands.flower_next_item import Written
    from simulations.commands.flower_train import FlowerTrainReport
    from simulations.commands.prompts import ExportedPrompts
    from simulations.commands.report import Reported
    from simulations.viewer.site_export import ExportedSite

_MARKS = {True: "ok", False: "FAIL", None: "–"}


def doctor(diagnosis: "Diagnosis") -> Page:
    """A row per check."""
    columns = (Column("status"), Column("check"), Column("finding"))
    rows = [[_MARKS[check.ok], check.name, check.text] for check in diagnosis.checks]
    return Page("", (), (Section("", (Table.of("", columns, rows),)),))


def fetched(download: "Fetched") -> Page:
    """The files with their hashes, the terms, and the import that follows."""
    files = [
        (file.path.name, f"{count(file.size)} bytes\nSHA-256 {file.sha256}\nchecked: {file.verified_by}")
        for file in download.files
    ]
    terms = [(name, str(getattr(download, name))) for name in ("licence", "citation", "page")]
    return Page("", (), (Section("", (Facts((*files, *terms, ("next", download.command))),)),))


def removed(name: str) -> Page:
    """The data set that was removed."""
    return _line(f"removed {name}")


def exported(run: "Exported") -> Page:
    """What was written where."""
    return _line(f"{plural(run.lines, 'line')} of run {run.run} in {run.out}")


def exported_prompts(prompts: "ExportedPrompts") -> Page:
    """How many texts are where, and how they are used."""
    new = f"{plural(prompts.written, 'file')} written" if prompts.written else "all there already"
    return _line(
        f"{plural(len(prompts.prompts), 'prompt')} in {prompts.folder} ({new}), explained in {prompts.page}; "
        f"use those you change with --prompts {prompts.folder}"
    )


def reported(report: "Reported") -> Page:
    """Where the page is, and how many figures it has."""
    return _line(f"{Path(report.out) / 'report.html'}, report.md and {len(report.files) - 2} figures")


def exported_site(site: "ExportedSite") -> Page:
    """Where the pages of the viewer begin, and how many files there are."""
    rest = f"{count(len(site.files) - 1)} more files, {site.size / 1e6:,.1f} MB"
    return _line(f"{Path(site.out) / 'index.html'} and {rest}")


def knowledge_base(record: KnowledgeBaseRecord) -> Page:
    """How many hints a knowledge base has."""
    return _line(f"{record.name}: {plural(len(record.base.hints), 'hint')} for {record.base.dataset}")


def flower_training(report: "FlowerTrainReport") -> Page:
    """How long a model was trained, and where it is stored."""
    numbers = report.to_json()
    cpu = f"{seconds(numbers['cpu_seconds'])} of CPU time"
    trained = f"{plural(numbers['steps'], 'step')} in {seconds(numbers['seconds'])} ({cpu})"
    size = f"{count(numbers['parameters'])} parameters, best at step {numbers['best_step']}"
    stored = f"Stored in {numbers['path']}; next: afl flower evaluate {numbers['name']}"
    title = f"{numbers['name']} ({numbers['task']}, {numbers['objective']})"
    return Page(title, (Text(f"{trained}; {size}."), Text(stored)))


def flower_titles(titles: "Sequence[Written]") -> Page:
    """A title per line."""
    return Page(
        "",
        tuple(
            Text(written.title if written.in_catalogue else f"{written.title}   (not in the catalogue)")
            for written in titles
        ),
    )


def _line(text: str) -> Page:
    return Page("", (Text(text),))
