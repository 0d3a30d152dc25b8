"""Turns of the user-simulation task have a label: whether the user wanted the item."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("turns", sa.Column("label", sa.Boolean))
