"""Inserts words into the text of a CREATE TABLE, and keeps the rest as it is."""

import re
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
      | (?P<word>\w[\w$]*)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


class NotUnderstood(ValueError):
    """The text has no place for the words, or none that is recognised."""


@dataclass(frozen=True)
class Token:
    """A word, a quoted name or string, or a sign; `end` is where it ends in the text."""

    text: str
    kind: str
    depth: int
    """How many parentheses it is in."""
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in capitals, empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        """The column that it names, in lower case, as SQLite ignores case."""
        if self.kind != "quoted":
            return self.text.lower()
        quote = self.text[-1]
        return self.text[1:-1].replace(quote * 2, quote).lower()


def with_not_null(sql: str, column: str) -> str:
    """Return the text with NOT NULL added to a column. Raises NotUnderstood."""
    for definition in _definitions(sql):
        if definition[0].keyword not in _CONSTRAINTS and definition[0].name == column:
            return _inserted(sql, definition[-1].end, " NOT NULL")
    raise NotUnderstood(column)


def with_autoincrement(sql: str) -> str:
    """Return the text with AUTOINCREMENT added to its primary key. Raises NotUnderstood."""
    for definition in _definitions(sql):
        top = [token for token in definition if token.depth == 1]
        for number, (one, next_) in enumerate(pairwise(top)):
            if (one.keyword, next_.keyword) == ("PRIMARY", "KEY"):
                return _inserted(sql, _end_of_key(definition, top[number + 2 :], next_), " AUTOINCREMENT")
    raise NotUnderstood("PRIMARY KEY")


def has_autoincrement(sql: str) -> bool:
    """Return whether the word AUTOINCREMENT is anywhere outside quotes and comments."""
    return any(token.keyword == "AUTOINCREMENT" for token in _tokens(sql))


def _end_of_key(definition: list[Token], rest: list[Token], key: Token) -> int:
    """Return where AUTOINCREMENT belongs: in the parentheses of a table constraint, or after a column's ASC or DESC."""
    words = [token.keyword for token in rest]
    if rest and rest[0].text == "(":
        inside = [token for token in definition if token.depth > 1 and token.start > rest[0].start]
        closing = next(token for token in rest if token.text == ")")
        return [token for token in inside if token.start < closing.start][-1].end
    behind = key
    if words[:1] in (["ASC"], ["DESC"]):
        behind, rest, words = rest[0], rest[1:], words[1:]
    if words[:2] == ["ON", "CONFLICT"] and len(rest) > 2:
        behind = rest[2]
    return behind.end


def _definitions(sql: str) -> list[list[Token]]:
    """Return the tokens between the outer parentheses, split at their commas."""
    definitions: list[list[Token]] = [[]]
    for token in _tokens(sql):
        if token.depth == 1 and token.text == ",":
            definitions.append([])
        elif token.depth >= 1:
            definitions[-1].append(token)
    return [each for each in definitions if each]


def _tokens(sql: str) -> list[Token]:
    """Return all tokens but spaces and comments. The outer parentheses, and everything outside them, have depth 0."""
    found, depth = [], 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "sign"
        if kind == "space":
            continue
        depth -= match[0] == ")"
        found.append(Token(match[0], kind, depth, match.start(), match.end()))
        depth += match[0] == "("
    return found


def _inserted(sql: str, place: int, words: str) -> str:
    return sql[:place] + words + sql[place:]
