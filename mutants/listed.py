# mypy: ignore-errors
"""`python mutants/listed.py FILE MOST SEED`: print a sample of cosmic-ray's mutations of a file as JSON.

mutants/general.py runs it in an environment with cosmic-ray. Mutations without an effect are left out: operators in
type annotations, `is` for `==`, and changes of texts for readers.
"""

import json
import random
import re
import sys
from pathlib import Path

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

LEFT_OUT = re.compile(
    r"BinaryOperator_BitOr_|BinaryOperator_\w+_(?!Add|Sub)|ComparisonOperator_\w+_Is|Variable|RemoveDec"
)


def listed(path: Path, most: int, seed: int) -> tuple[int, list[tuple[str, str]]]:
    """Return how many mutations there are, and for each of a sample what it does and the changed source."""
    source, found = path.read_text("utf-8"), []
    tree = get_ast(source)
    operators = [get_operator(name)() for name in sorted(operator_names()) if not LEFT_OUT.search(name)]
    ways = [
        (operator, occurrence)
        for operator in operators
        for occurrence in range(sum(len([*operator.mutation_positions(node)]) for node in _nodes(tree)))
    ]
    random.Random(seed).shuffle(ways)  # noqa: S311  # the same ones each time
    for operator, occurrence in ways:
        changed = _changed(source, operator, occurrence) if len(found) < most else None
        if changed and changed != source and _compiles(changed):
            pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
            line = next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
            found.append((f"line {line}: {changed.splitlines()[line - 1].strip()}", changed))
    return len(ways), found


def _changed(source: str, operator, occurrence: int) -> str | None:
    try:
        return mutate_code(source, operator, occurrence)
    except AttributeError:  # cosmic-ray 8 can't replace a name with a dot in a tuple of exceptions
        return None


def _compiles(source: str) -> bool:
    try:
        compile(source, "changed", "exec")
    except SyntaxError:
        return False
    return True


def _nodes(node):
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


if __name__ == "__main__":
    print(json.dumps(listed(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
