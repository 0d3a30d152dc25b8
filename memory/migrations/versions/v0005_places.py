"""Turns with a ranking store the rank of the target."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("turns", sa.Column("place", sa.SmallInteger))
