"""The accounts that log in: invented, each with a number."""

from ipaddress import IPv4Address

PASSWORD = "sunny otter ladder 42"
_FIRST = IPv4Address("10.0.0.1")


def email(number: int) -> str:
    """Return the address of an account."""
    return f"person{number}@example.com"


def address(client: int) -> str:
    """Return the IP address that a client comes from, as a proxy in front would report it."""
    return str(_FIRST + client)
