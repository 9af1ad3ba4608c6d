"""Second steps: pure functions. No database, no request; the clock is an argument."""
