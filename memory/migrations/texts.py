"""The type of text columns: sorted and compared byte by byte, in whatever language a server was set up."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
