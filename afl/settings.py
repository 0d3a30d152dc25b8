"""Folders, database and API key of AFL: environment variables, or a `.env` file in the working folder."""

import os
from pathlib import Path

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of this process; arguments of functions and commands override them."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("afl", appauthor=False), validation_alias="AFL_HOME")
    """`AFL_HOME`: the folder that holds data sets, models, policies, the database and the cache."""
    db: str | None = Field(default=None, repr=False, validation_alias="AFL_DB")
    """`AFL_DB`: SQLAlchemy URL of the database; by default a SQLite file under `home`."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """`OPENAI_API_KEY`: the key of the endpoint; not needed for local servers without authentication."""

    openai_base_url: str | None = Field(default=None, repr=False, validation_alias="OPENAI_BASE_URL")
    """`OPENAI_BASE_URL`: the endpoint where `--base-url` is not given; by default api.openai.com."""

    prices: Path | None = Field(default=None, validation_alias="AFL_PRICES")
    """`AFL_PRICES`: JSON file of model prices; by default `prices.json` under `home`, if it exists."""

    def api_key(self, variable: str) -> SecretStr | None:
        """The key in this environment variable, or in a line of `.env`."""
        if variable == "OPENAI_API_KEY":
            return self.openai_api_key
        value = os.environ.get(variable) or dotenv_values(".env").get(variable)
        return SecretStr(value) if value else None

    @property
    def prices_file(self) -> Path:
        return self.prices or self.home / "prices.json"

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def policies_dir(self) -> Path:
        """The folder of trained policies, each in a subfolder of its name."""
        return self.home / "policies"

    @property
    def flower_dir(self) -> Path:
        """The folder of Flower models, each in a subfolder of its name."""
        return self.home / "flower"

    @property
    def llms_dir(self) -> Path:
        """The folder of local language models, each the file `NAME.gguf`."""
        return self.home / "llms"

    @property
    def db_url(self) -> str:
        return self.db or f"sqlite:///{self.home / 'afl.db'}"
