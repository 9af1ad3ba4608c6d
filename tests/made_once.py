"""What each application of a run would make anew, though it is always the same, is made once in each process."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule
from werkzeug.routing.rules import RulePart
from zxcvbn import zxcvbn

from quart_auth_app.accounts.passwords import strength
from quart_auth_app.database import migrations as our_migrations
from quart_auth_app.languages import catalogues
from quart_auth_app.languages.language import Language
from tests.people import BOB, EVE

OUR_MIGRATIONS = str(Path(our_migrations.__file__).parent)


class CompiledTemplates(BytecodeCache):
    """Compile each template once, which saves a seventh of a page test's time."""

    def __init__(self) -> None:
        self._code: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key + bucket.checksum] = bucket.code


@contextmanager
def routes() -> Iterator[None]:
    """Parse each route, and compile its URL builder, once: that is a large part of making an application.

    An application's own routes are objects that tests leave behind for the garbage collector, too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", _builders(Rule._compile_builder))
        patch.setattr(Rule, "_parse_rule", _parser(Rule._parse_rule))
        yield


Builder = Callable[..., tuple[str, str]]


def _builders(compile_it: Callable[[Rule, bool], Builder]) -> Callable[..., Builder]:
    compiled: dict[tuple[object, ...], Builder] = {}

    def look_up(rule: Rule, append_unknown: bool = True) -> Builder:
        # Everything that its code depends on. It gets the converters from the rule that it is called for.
        key = (rule.rule, *rule._trace, *(rule.defaults or {}).items(), append_unknown)
        if key not in compiled:
            compiled[key] = compile_it(rule, append_unknown)
        return compiled[key]

    return look_up


def _parser(parse_it: Callable[[Rule, str], Iterable[RulePart]]) -> Callable[[Rule, str], Iterable[RulePart]]:
    parsed: dict[str, tuple[list[RulePart], list[tuple[bool, str]]]] = {}

    def look_up(rule: Rule, path: str) -> Iterable[RulePart]:
        if "<" in path:  # it needs the application's own converters
            return parse_it(rule, path)
        if path not in parsed:
            before = len(rule._trace)
            parts = list(parse_it(rule, path))
            parsed[path] = parts, rule._trace[before:]
            return parts
        parts, trace = parsed[path]
        rule._trace.extend(trace)
        return parts

    return look_up


@contextmanager
def languages() -> Iterator[None]:
    """Parse each of our catalogues once. A site's own are read each time, as tests write them."""
    read = catalogues._language
    ours = lru_cache(partial(read, folders=[catalogues.OURS]))

    def look_up(code: str, folders: Sequence[Path]) -> Language:
        return ours(code) if folders == [catalogues.OURS] else read(code, folders)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogues, "_language", look_up)
        yield


@contextmanager
def migrations() -> Iterator[None]:
    """Load the files of our migrations once; Alembic does it for each upgrade. A site's own are loaded each time."""
    load = ScriptDirectory.from_config
    ours: list[ScriptDirectory] = []

    def look_up(config: Config) -> ScriptDirectory:
        is_ours = config.get_main_option("script_location") == OUR_MIGRATIONS
        # A site's migrations have our env.py, and a folder of their own.
        if not is_ours or config.get_main_option("version_locations"):
            return load(config)
        if not ours:
            ours.append(load(config))
        return ours[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", look_up)
        yield


@contextmanager
def ratings() -> Iterator[None]:
    """Rate Bob's and Eve's passwords once for each context, which takes a fifth of a sign-up. Others are rated anew."""
    rated: dict[tuple[str, ...], Any] = {}

    def look_up(password: str, user_inputs: list[str]) -> Any:
        if password not in {BOB["password"], EVE["password"]}:
            return zxcvbn(password, user_inputs=user_inputs)
        key = (password, *user_inputs)
        if key not in rated:
            rated[key] = zxcvbn(password, user_inputs=user_inputs)
        return rated[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strength, "zxcvbn", look_up)
        yield
