"""Second steps and other factors: pure functions, without database or request; the time is an argument."""
