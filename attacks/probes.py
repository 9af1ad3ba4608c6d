"""Requests that no browser sends: smuggling, broken framing, odd paths and headers. What each may be answered with."""

from dataclasses import dataclass

REFUSED = frozenset({400, 404, 405, 408, 411, 413, 414, 417, 421, 431, 501, 505})
"""By RFC 9110, 501 and 505 mean a coding or a version that the server doesn't know; any other 5xx is a bug."""
PAGES = REFUSED | {200, 302, 303, 308, 403}

HOST = b"Host: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HIDDEN = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
"""A second request, which a proxy would take for a part of the first one's body."""
WEBSOCKET = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass(frozen=True)
class Probe:
    """What is sent on one connection, all at once."""

    name: str
    data: bytes
    allowed: frozenset[int] = REFUSED
    answers: int = 1
    """How many answers may come back."""


def _post(name: str, headers: bytes, body: bytes = b"email" + HIDDEN, allowed: frozenset[int] = REFUSED) -> Probe:
    return Probe(name, b"POST /login HTTP/1.1\r\n" + HOST + FORM + headers + b"\r\n" + body, allowed)


def _chunks(name: str, body: bytes, allowed: frozenset[int] = REFUSED) -> Probe:
    return _post(name, b"Transfer-Encoding: chunked\r\n", body, allowed)


def _get(name: str, path: bytes = b"/", headers: bytes = HOST, allowed: frozenset[int] = PAGES) -> Probe:
    return Probe(name, b"GET " + path + b" HTTP/1.1\r\n" + headers + b"\r\n", allowed)


def _h2(name: str, method: bytes, path: bytes, *more: tuple[bytes, bytes]) -> Probe:
    """One HTTP/2 request without TLS, its headers written out in full (RFC 7541, 6.2.2)."""
    fields = ((b":method", method), (b":scheme", b"http"), (b":authority", b"localhost"), (b":path", path), *more)
    block = b"".join(b"\0" + b"".join(bytes((len(part),)) + part for part in field) for field in fields)
    frame = len(block).to_bytes(3, "big") + bytes((1, 5, 0, 0, 0, 1)) + block
    # A server without HTTP/2 reads the two halves of its preface as two requests.
    return Probe(name, H2 + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)) + frame, answers=2)


LENGTH = b"Content-Length: %d\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"

SMUGGLING = [
    _post("two Content-Lengths", LENGTH % 5 + LENGTH % 50),
    _post("two Content-Lengths in one", b"Content-Length: 5, 50\r\n"),
    # RFC 9112, 6.1: refused, or read by Transfer-Encoding alone and the connection closed after the answer.
    _post("Content-Length, then chunked", LENGTH % (5 + len(HIDDEN)) + CHUNKED, LAST + HIDDEN, PAGES),
    _post("chunked, then Content-Length", CHUNKED + LENGTH % 4, b"5\r\nemail\r\n" + LAST + HIDDEN, PAGES),
    _post("unknown coding", b"Transfer-Encoding: xchunked\r\n" + LENGTH % 5),
    _post("space before the colon", b"Transfer-Encoding : chunked\r\n" + LENGTH % 5),
    _post("two codings", b"Transfer-Encoding: identity\r\n" + CHUNKED, LAST + HIDDEN),
    _post("vertical tab in the coding", b"Transfer-Encoding: \x0bchunked\r\n" + LENGTH % 5),
    Probe("chunked in HTTP/1.0", b"POST /login HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n" + LAST + HIDDEN, PAGES),
    _post("signed Content-Length", b"Content-Length: +5\r\n"),
    _post("negative Content-Length", b"Content-Length: -1\r\n", b""),
    _post("Content-Length with underscore", b"Content-Length: 1_0\r\n", b"0123456789"),
    _post("Content-Length of 20 digits", b"Content-Length: 99999999999999999999\r\n", b"x"),
    Probe(
        "WebSocket with a body",
        b"GET / HTTP/1.1\r\n" + HOST + WEBSOCKET + LENGTH % len(HIDDEN) + b"\r\n" + HIDDEN,
        PAGES,
    ),
]

CHUNKS = [
    _chunks("chunk size that is no number", b"zz\r\nemail\r\n" + LAST),
    _chunks("negative chunk size", b"-5\r\nemail\r\n" + LAST),
    _chunks("chunk of 16 exbibytes", b"ffffffffffffffff\r\nemail\r\n" + LAST),
    _chunks("chunk longer than its size", b"5\r\nemailXX" + LAST + HIDDEN),
    _chunks("line feeds only", b"5\nemail\n0\n\n" + HIDDEN),
    _chunks("line feed in the extension", b"5;\n\nx\r\nemail\r\n" + LAST + HIDDEN),
    _chunks("extension of 100 kB", b"5;" + b"a" * 100_000 + b"\r\nemail\r\n" + LAST),
    _chunks("chunk that never ends", b"5\r\nem"),
]

MALFORMED = [
    _get("NUL in the path", b"/\0", allowed=REFUSED),
    _get("10,000 headers", headers=HOST + b"".join(b"X-%d: 1\r\n" % each for each in range(10_000)), allowed=REFUSED),
    _get("header of 70 kB", headers=HOST + b"X: " + b"a" * 70_000 + b"\r\n", allowed=REFUSED),
    _get("path of 70 kB", b"/" + b"a" * 70_000, allowed=REFUSED),
    _get("path beyond ASCII", b"/\xff", allowed=REFUSED),
    _get("no Host", headers=b"", allowed=REFUSED),
    _get("two Hosts", headers=HOST + HOST, allowed=REFUSED),
    _get("carriage return in a header", headers=HOST + b"X: a\rY: b\r\n", allowed=REFUSED),
    _get("NUL in a header", headers=HOST + b"X: a\0b\r\n", allowed=REFUSED),
    _get("header without a colon", headers=HOST + b"nonsense\r\n", allowed=REFUSED),
    _get("header that begins with a space", headers=b" " + HOST, allowed=REFUSED),
    Probe("CONNECT", b"CONNECT localhost:22 HTTP/1.1\r\n" + HOST + b"\r\n"),
    Probe("TRACE", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n"),
    Probe("method with a quote", b'G"T / HTTP/1.1\r\n' + HOST + b"\r\n"),
    Probe("method of 5,000 letters", b"A" * 5_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n"),
    Probe("HTTP/0.9", b"GET /\r\n"),
    Probe("TLS", b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + bytes(200)),
    Probe("all bytes", bytes(range(256)) * 10),
    Probe("5,000 empty lines", b"\r\n" * 5_000 + b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    _get("WebSocket", headers=HOST + WEBSOCKET + b"Sec-WebSocket-Version: 13\r\n"),
    _get("malformed WebSocket", headers=HOST + WEBSOCKET + b"Sec-WebSocket-Version: 99\r\n"),
]

ODD = [
    _get("encoded NUL in the path", b"/%00", allowed=REFUSED),
    _get("encoded NUL in a file's name", b"/static/style.css%00.html", allowed=REFUSED),
    _get("the way out of the folder", b"/static/../../settings.py", allowed=REFUSED),
    _get("the way out of the folder, encoded", b"/static/%2e%2e/%2e%2e%2fsettings.py", allowed=REFUSED),
    _get("absolute file name", b"/static//etc/passwd", allowed=REFUSED | {308}),
    _get("file name of 300 letters", b"/static/" + b"a" * 300, allowed=REFUSED),
    _get("file name with a surrogate", b"/static/%ed%a0%80", allowed=REFUSED),
    _get("path of 15,000 letters", b"/" + b"a" * 15_000, allowed=REFUSED),
    _get("line break for the log", b"/%0d%0aforged%1b[31m", allowed=REFUSED),
    _get("2,500 short headers", headers=HOST + b"X: 1\r\n" * 2_500),
    _get("other host", b"http://other.example/profile"),
    _get("host that is none", b"/profile", b"Host: a@b:c\r\n"),
    _get("port that is none", b"/sign-up", b"Host: a:99999999\r\n"),
    _get("cookies beyond ASCII", headers=HOST + b'Cookie: log-in=\xff; flash=\xfe.\x80; device="; a\r\n'),
    _get("query beyond ASCII", b"/login?next=%00%ff&next=%ed%a0%80"),
    _get("body with GET", headers=HOST + LENGTH % len(HIDDEN) + b"\r\n" + HIDDEN[:-2]),
    _get("HTTP/2 settings that are none", headers=HOST + b"Upgrade: h2c\r\nHTTP2-Settings: !!!\r\n"),
    _get("proxy headers beyond ASCII", headers=HOST + b"X-Forwarded-For: \xff,,;\r\nX-Forwarded-Proto: \xff\r\n"),
    Probe("asterisk", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", PAGES),
]

HTTP2 = [
    Probe("HTTP/2 and then not", H2 + b"\xff" * 1_000, answers=2),
    Probe("half an HTTP/2 greeting", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + HIDDEN, answers=2),
    _h2("HTTP/2 path beyond ASCII", b"GET", b"/\xff"),
    _h2("HTTP/2 method beyond ASCII", b"\xff", b"/"),
    _h2("HTTP/2 WebSocket", b"CONNECT", b"/", (b":protocol", b"websocket"), (b"sec-websocket-version", b"13")),
    _h2("HTTP/2 with chunks", b"GET", b"/", (b"transfer-encoding", b"chunked")),
    _h2("HTTP/2 with two Content-Lengths", b"POST", b"/login", (b"content-length", b"5"), (b"content-length", b"7")),
]

PROBES = SMUGGLING + CHUNKS + MALFORMED + ODD + HTTP2
