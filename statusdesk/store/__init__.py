"""The store: SQLite, one writer, many readers."""
