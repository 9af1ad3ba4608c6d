"""Misspelt names of settings."""

from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that differs from `name` by one typing error, or None. None also if `name` is known."""
    known = tuple(known)
    if name in known:
        return None
    return next((each for each in known if _is_one_error_away(name.upper(), each)), None)


def _is_one_error_away(one: str, other: str) -> bool:
    """Tell whether the names differ by one added, missing or wrong letter, or by two swapped neighbours."""
    start = _length_in_common(one, other)
    one, other = one[start:], other[start:]
    end = _length_in_common(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    # Not difflib's ratio: by it PROXY_HOST, which a site may use, is nearer to a setting of ours than PUBLIC_ULR.
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def _length_in_common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
