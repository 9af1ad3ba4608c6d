"""What a site allows its pages beside what ours need: CSP_ALLOW, in the words of Content-Security-Policy itself."""

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
"""Those that can be widened. The others keep our pages out of other sites' frames, and relative addresses honest."""

KEYWORDS = ("'self'", "'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'wasm-unsafe-eval'", "'strict-dynamic'")
SCHEMES = {"data:": ("img-src", "font-src", "media-src"), "blob:": ("img-src", "media-src", "worker-src")}
"""Schemes that stand for themselves, and where: in a script or a style they would let in whatever a page can be fed."""

_HASH = re.compile(r"'sha(256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")
# With or without *. in front: labels that neither begin nor end with a hyphen, then perhaps a port and a path.
_HOST = re.compile(
    r"(https?|wss?)://(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5}|:\*)?(/[\w.~/@%+-]*)?",
    re.I | re.A,
)

MAX_SHOWN = 30
"""Characters of the longest word that a message repeats, hosts aside."""

EXAMPLE = "style-src https://cdn.example.com; script-src 'self'"

Policy = dict[str, tuple[str, ...]]
"""Sources by directive."""


def parsed(value: str) -> Policy:
    """Return the sources that each directive gains. Raises ValueError with a sentence that says what is wrong."""
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
    # It may be a secret, or an address with a password, put into the wrong variable.
    if "@" in word:
        return "An address"
    return repr(word) if "://" in word or len(word) <= MAX_SHOWN else f"A value of {len(word)} characters"


def widened(policy: dict[str, str], allowed: Policy) -> dict[str, str]:
    """Return the policy with the sources that are allowed beside its own."""
    return policy | {name: " ".join(_each_once(policy.get(name, ""), sources)) for name, sources in allowed.items()}


def _each_once(own: str, sources: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys([*own.split(), *sources]))
