"""Limits on attempts and on mail, and how attempts are counted."""
