"""Forms: reading, refusing, messages, and the next page."""
