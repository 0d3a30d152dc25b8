"""Entries store whether their reply was reused from an equal request, so that only sent requests count as calls."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("journal", sa.Column("reused", sa.Boolean, nullable=False, server_default=sa.false()))
