"""The database: units of work, look-ups, the schema, and the code for SQLite and for PostgreSQL."""
