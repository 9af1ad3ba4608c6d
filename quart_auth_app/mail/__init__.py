"""Mail: its text, and sending it. Mails to be sent are in the outbox (`accounts/outbox.py`)."""
