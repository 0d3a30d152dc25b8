"""Language models: what is configured, and what an endpoint takes."""

from simulations.commands.llm import ConfiguredModel, ConfiguredModels, ModelCheck
from simulations.commands.llm_fetch import FetchedModel
from simulations.document.formats import count, price
from simulations.document.page import Column, Facts, Page, Section, Table, Text

_MODELS = (
    Column("name"),
    Column("kind"),
    Column("model"),
    Column("endpoint"),
    Column("key"),
    Column("options"),
    Column("price per million tokens"),
)
_TAKEN = {True: "yes", False: "no; requests go without it", None: "not asked"}


def list_page(configured: ConfiguredModels) -> Page:
    """A name per row, profiles first."""
    file = "none: no afl.toml here or in AFL_HOME" if configured.config is None else configured.config
    rows = [
        [row.name, row.kind, row.model, row.endpoint, _key(row), _options(row) or None, _price(row)]
        for row in configured.models
    ]
    return Page("", (Text(f"Profiles: {file}"),), (Section("", (Table.of("", _MODELS, rows),)),))


def fetched_page(model: FetchedModel) -> Page:
    """Where the model is, its hash, its terms, and how it is used."""
    facts = (
        ("model", model.title),
        ("file", f"{model.path}\n{count(model.size)} bytes{'' if model.downloaded else ', was there already'}"),
        ("SHA-256", f"{model.sha256}\nas expected"),
        ("from", model.source),
        ("licence", model.licence),
        ("citation", model.citation),
        ("page", model.page),
        ("next", f"afl llm check {model.llm}"),
    )
    return Page("", (), (Section("", (Facts(facts),)),))


def check_page(check: ModelCheck) -> Page:
    """What the model answered, and what its endpoint takes."""
    probe = check.probe
    facts = [
        ("model", check.model),
        ("endpoint", check.endpoint or "–"),
        ("answered by", probe.answered_by or "not told"),
        ("answer", probe.reply or "–"),
        ("latency", f"{probe.latency:.2f} s"),
        ("temperature", _TAKEN[probe.temperature]),
        ("system role", "no; its text goes into the user's message" if probe.system_role is False else "yes"),
        ("maximum length", probe.max_tokens_as),
        ("JSON schemas", probe.schema or "no"),
        ("price per million tokens", _price(check) or "not known"),
    ]
    if probe.system_role is None:
        facts = [(name, "not asked" if name == "system role" else value) for name, value in facts]
    warnings = (Text(check.warning, "note"),) if check.warning else ()
    return Page("", (), (Section("", (Facts(tuple(facts)), *warnings)),))


def _key(row: ConfiguredModel) -> str | None:
    if row.key is None:
        return None
    return f"{row.key}, {'found' if row.key_found else 'not found'}"


def _price(of: ConfiguredModel | ModelCheck) -> str | None:
    """`$0.15 prompt, $0.6 completion (profile)`; None where it is not known."""
    return None if of.price is None else price(*of.price, of.price_source)


def _options(row: ConfiguredModel) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.options.items())
