"""Where AFL keeps things and whose key it uses: environment variables, or a `.env` file in the working folder."""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of this process; arguments of functions and commands win over them."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("afl", appauthor=False), validation_alias="AFL_HOME")
    """`AFL_HOME`: the one folder under which data sets, models, policies, the database and the cache lie."""
    db: str | None = Field(default=None, repr=False, validation_alias="AFL_DB")
    """`AFL_DB`: SQLAlchemy URL of the database; by default a SQLite file under `home`."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """`OPENAI_API_KEY`: the key of the endpoint; a local server that needs none may go without."""

    openai_base_url: str | None = Field(default=None, repr=False, validation_alias="OPENAI_BASE_URL")
    """`OPENAI_BASE_URL`: the endpoint where `--base-url` names none; else api.openai.com."""

    prices: Path | None = Field(default=None, validation_alias="AFL_PRICES")
    """`AFL_PRICES`: JSON with prices of your own; by default `prices.json` under `home`, if there is one."""

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
        """Where trained policies are kept, each in a folder of its name."""
        return self.home / "policies"

    @property
    def flower_dir(self) -> Path:
        """Where Flower models are kept, each in a folder of its name."""
        return self.home / "flower"

    @property
    def db_url(self) -> str:
        return self.db or f"sqlite:///{self.home / 'afl.db'}"
