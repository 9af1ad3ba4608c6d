"""The limits: what the software below the application can do without it."""
