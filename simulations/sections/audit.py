"""The audit of a run: a check per row."""

from simulations.document.page import Column, Page, Section, Table
from simulations.leakage.run_audit import Audit


def page(audit: Audit) -> Page:
    """The page of `afl audit`."""
    columns = (Column("check"), Column("verdict"), Column("finding"))
    rows = [[check.name, check.verdict.value, check.text] for check in audit.checks]
    return Page("", (), (Section("", (Table.of("", columns, rows),)),))
