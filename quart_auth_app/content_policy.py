"""CSP_ALLOW: sources that a site adds to our Content-Security-Policy, in the syntax of that header."""

import re

DIRECTIVES = (
    "style-src",
    "script-src",
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "frame-src",
    "worker-src",
    "manifest-src",
    "form-action",
)
"""Directives that a site can widen. The others protect our pages from other sites' frames and from a changed base."""

KEYWORDS = ("'self'", "'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'wasm-unsafe-eval'", "'strict-dynamic'")
SCHEMES = {"data:": ("img-src", "font-src", "media-src"), "blob:": ("img-src", "media-src", "worker-src")}
"""Schemes allowed without a host, and in which directives. For scripts and styles they would allow injected code."""

_HASH = re.compile(r"'sha(256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")
# An optional "*.", labels that neither begin nor end with a hyphen, and an optional port and path.
_HOST = re.compile(
    r"(https?|wss?)://(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5}|:\*)?(/[\w.~/@%+-]*)?",
    re.I | re.A,
)

MAX_SHOWN = 30
"""Longest word that a message repeats, in characters; hosts may be longer."""

EXAMPLE = "style-src https://cdn.example.com; script-src 'self'"

Policy = dict[str, tuple[str, ...]]
"""Sources by directive."""


def parsed(value: str) -> Policy:
    """Return the sources to add to each directive. Raises ValueError; its message says what is wrong."""
    policy: Policy = {}
    for part in filter(str.strip, value.split(";")):
        directive, *sources = part.split()
        directive = directive.lower()
        if directive not in DIRECTIVES:
            raise ValueError(
                f"{_shown(directive)} is not a directive that can be widened; allowed: {', '.join(DIRECTIVES)}"
            )
        if directive in policy:
            raise ValueError(f"{directive} stands there twice; browsers would ignore the second one")
        if not sources:
            raise ValueError(f"{directive} names no source; for example: {EXAMPLE}")
        policy[directive] = tuple(_checked(directive, source) for source in sources)
    return policy


def _checked(directive: str, source: str) -> str:
    if source.lower() in KEYWORDS or _HASH.fullmatch(source) or _HOST.fullmatch(source):
        return source
    if directive in SCHEMES.get(source.lower(), ()):
        return source
    if f"'{source.lower()}'" in KEYWORDS:
        raise ValueError(f"{source!r} in {directive} needs its quotes: '{source.lower()}'")
    raise ValueError(
        f"{_shown(source)} is not a source for {directive}; allowed: a host with its scheme, such as "
        "https://cdn.example.com, and 'self', in quotes"
    )


def _shown(word: str) -> str:
    # The value may be a secret, or a URL with a password, that was put into the wrong variable.
    if "@" in word:
        return "An address"
    return repr(word) if "://" in word or len(word) <= MAX_SHOWN else f"A value of {len(word)} characters"


def widened(policy: dict[str, str], allowed: Policy) -> dict[str, str]:
    """Return the policy with the allowed sources added."""
    return policy | {name: " ".join(_each_once(policy.get(name, ""), sources)) for name, sources in allowed.items()}


def _each_once(own: str, sources: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys([*own.split(), *sources]))
