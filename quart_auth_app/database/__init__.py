"""The database: units of work, look-ups, and the code for SQLite and for PostgreSQL."""
