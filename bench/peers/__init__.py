"""Others of the application's kind, each as its own manual leads to: its hash, its settings, its database's defaults.

The pages are the same five. None has our throttle, same-origin check, headers or server-side sessions, unless its
manual brings them. DATABASE_URL names the database, SQLite or PostgreSQL.
"""
