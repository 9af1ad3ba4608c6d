"""The database: units of work, look-ups, what is particular to SQLite and to PostgreSQL."""
