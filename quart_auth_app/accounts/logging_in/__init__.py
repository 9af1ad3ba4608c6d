"""Logging in, a file for each way. All of them end in `accounts/log_in.py`."""
