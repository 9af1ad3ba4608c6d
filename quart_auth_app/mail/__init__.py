"""Mail: what it says, and how it leaves. What is to be sent stands in the outbox (`accounts/outbox.py`)."""
