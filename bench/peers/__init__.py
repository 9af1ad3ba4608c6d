"""Others of the application's kind, written for this comparison: the same five pages on SQLite, bcrypt of cost 12.

Each is what its framework's manual leads to, set up as well as we know how. None has our throttle, same-origin check,
headers or server-side sessions, unless its framework brings them.
"""

ROUNDS = 12
"""bcrypt's cost, the application's own."""
