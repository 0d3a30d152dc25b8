"""The schema's history, one file a version; `memory.database` runs it when a database is opened."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""The type of text columns: sorted and compared byte by byte, whatever language a server was set up with."""
