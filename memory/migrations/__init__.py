"""The history of the schema, one file per version; `memory.database` runs it when a database is opened."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""The type of text columns: sorted and compared byte by byte, independent of a server's locale."""
