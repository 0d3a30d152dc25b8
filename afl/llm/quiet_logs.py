"""Keeps secrets out of the log lines of HTTP libraries, which name whole addresses."""

import logging
from collections.abc import Sequence

from afl.llm.redaction import redact_secrets

LOGGERS = (
    "httpx2",
    "httpx",
    "openai._base_client",
    "openai._response",
    "openai._legacy_response",
    "aiohttp.client",
)
"""Those that log what is sent; a filter holds for the logger it is added to, not for those below it."""


class SecretRedactionFilter(logging.Filter):
    """Blacks these secrets out of every record of the loggers it is added to."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        clean = redact_secrets(said, self._secrets)
        if clean != said:
            record.msg, record.args = clean, ()
        return True

    def install(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def uninstall(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)
