# mypy: ignore-errors
"""`python mutants/listed.py FILE`: print cosmic-ray's mutations as JSON: what each does, and the changed source.

mutants/general.py runs it in an environment with cosmic-ray. Mutations without an effect are left out: operators in
type annotations, `is` for `==`, and changes of texts for readers.
"""

import json
import re
import sys
from pathlib import Path

from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

LEFT_OUT = re.compile(
    r"BinaryOperator_BitOr_|BinaryOperator_\w+_(?!Add|Sub)|ComparisonOperator_\w+_Is|Variable|RemoveDec"
)


def listed(path: Path) -> list[tuple[str, str]]:
    """Return for each mutation its line and what it does, and the whole changed source."""
    source, found = path.read_text("utf-8"), []
    tree = get_ast(source)
    for name in sorted(name for name in operator_names() if not LEFT_OUT.search(name)):
        operator = get_operator(name)()
        for occurrence in range(sum(len([*operator.mutation_positions(node)]) for node in _nodes(tree))):
            changed = mutate_code(source, operator, occurrence)
            if changed and changed != source and _compiles(changed):
                line = next(
                    number
                    for number, (old, new) in enumerate(zip(source.splitlines(), changed.splitlines(), strict=False), 1)
                    if old != new
                )
                new = changed.splitlines()[line - 1].strip()
                found.append((f"line {line}: {new}", changed))
    return found


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
    print(json.dumps(listed(Path(sys.argv[1]))))
