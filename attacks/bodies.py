"""Ten thousand random form bodies: bytes, broken percent-encoding, odd Unicode, multipart gone wrong."""

import asyncio
import random
from collections import Counter
from urllib.parse import quote_from_bytes, urlencode

from attacks.attack import Verdict
from attacks.browser import FORM, send
from attacks.victims import Site

COUNT = 10_000
AT_ONCE = 16
SEED = 20
PATHS = ("/login", "/signup")
NAMES = ("email", "name", "password", "next", "remember", "", "email[]", "é", "\0")
KINDS = (
    FORM,
    FORM + "; charset=utf-16",
    FORM + "; charset=nonsense",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "application/json",
    "",
    "/;=\x80",
)
SEEDS = ("bob@example.com", "sunny otter ladder 42", "a@b", "%", "%0", "%zz", "%00", "%ed%a0%80", "&", "=", ";", "+")


async def run(site: Site) -> Verdict:
    """Send them all; an answer of 5xx or none is a fault."""
    dice = random.Random(SEED)  # noqa: S311  # the same run each time
    bodies = ((dice.choice(PATHS), *_any(dice)) for _ in range(COUNT))
    counted: Counter[int] = Counter()

    async def send_some() -> None:
        for path, kind, body in bodies:
            counted[(await send(site, "POST", path, body, Content_Type=kind)).status] += 1

    await asyncio.gather(*(send_some() for _ in range(AT_ONCE)))
    bad = sum(count for status, count in counted.items() if status == 0 or status >= 500)
    finding = ", ".join(f"{status or 'no answer'}: {count}" for status, count in sorted(counted.items()))
    return Verdict(bad > 0, counted.total(), finding)


def _any(dice: random.Random) -> tuple[str, bytes]:
    """Return a content type and a body."""
    make = dice.choice((_bytes, _form, _form, _form, _mutated, _mutated, _multipart, _many_fields))
    kind = "multipart/form-data; boundary=x" if make is _multipart else FORM
    return (kind if dice.random() < 0.8 else dice.choice(KINDS)), make(dice)


def _bytes(dice: random.Random) -> bytes:
    return dice.choice((b"", b"email=", b"&=&")) + dice.randbytes(dice.choice((0, 1, 20, 2_000)))


def _text(dice: random.Random) -> str:
    """Return characters from all of Unicode, with many surrogates and control characters."""
    ranges = ((0, 0x20), (0x20, 0x7F), (0x80, 0x300), (0x300, 0x370), (0xD800, 0xE000), (0x2000, 0x2070), (0, 0x110000))
    length = int(dice.expovariate(1 / 20)) if dice.random() < 0.97 else dice.choice((254, 255, 1024, 1025, 20_000))
    return "".join(chr(dice.randrange(*dice.choice(ranges))) for _ in range(length))


def _value(dice: random.Random) -> bytes:
    if dice.random() < 0.3:
        return dice.choice(SEEDS).encode()
    return _text(dice).encode("utf-8", "surrogatepass")


def _form(dice: random.Random) -> bytes:
    # Mostly complete, so that the fields' values reach the code behind the form.
    names = [*NAMES[:3], *dice.choices(NAMES, k=dice.randrange(3))] if dice.random() < 0.7 else dice.choices(NAMES, k=4)
    return "&".join(f"{quote_from_bytes(name.encode())}={quote_from_bytes(_value(dice))}" for name in names).encode()


def _mutated(dice: random.Random) -> bytes:
    fields = {"email": "bob@example.com", "name": "Bob", "password": "sunny otter ladder 42", "next": "/profile"}
    body = bytearray(urlencode(fields).encode())
    for _ in range(dice.randrange(1, 6)):
        place = dice.randrange(len(body))
        body[place : place + dice.randrange(3)] = dice.choice((dice.randbytes(1), b"%", b"%00", b"&", b"="))
    return bytes(body)


def _multipart(dice: random.Random) -> bytes:
    parts = []
    for name in dice.choices(NAMES, k=4):
        file = '; filename="a"' if dice.random() < 0.2 else ""
        head = f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        parts.append(b"--x\r\n" + head + _value(dice) + b"\r\n")
    body = b"".join(parts) + b"--x--\r\n"
    return body if dice.random() < 0.6 else body[: dice.randrange(len(body))]


def _many_fields(dice: random.Random) -> bytes:
    return b"&".join([b"email=" + _value(dice)] * dice.choice((49, 50, 51, 5_000)))
