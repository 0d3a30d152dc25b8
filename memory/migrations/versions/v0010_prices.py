"""What a cache had or got of a prompt, and the lists of prices that costs were computed with."""

import sqlalchemy as sa
from alembic import op

from memory.migrations import TEXT

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("journal", sa.Column("cached_tokens", sa.Integer))
    op.add_column("journal", sa.Column("cache_write_tokens", sa.Integer))
    op.add_column("runs", sa.Column("price_lists", TEXT))
