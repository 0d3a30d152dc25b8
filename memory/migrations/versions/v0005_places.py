"""Turns with a ranking say at which place of it the target stands."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("turns", sa.Column("place", sa.SmallInteger))
