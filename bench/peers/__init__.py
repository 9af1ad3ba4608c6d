"""Other applications of this kind, set up as their own manuals say: hash, settings, defaults of the database.

All have the same five pages. None has our throttle, same-origin check, headers or server-side sessions, unless its
manual adds them. DATABASE_URL names the database, SQLite or PostgreSQL.
"""
