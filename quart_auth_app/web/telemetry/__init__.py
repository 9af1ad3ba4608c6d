"""Logs, the security log and metrics."""
