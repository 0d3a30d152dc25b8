"""The schema's history, one file a version; `memory.database` runs it when a database is opened."""
