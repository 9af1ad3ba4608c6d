# mypy: ignore-errors
"""`python mutants/listed.py FILE`: print as JSON what cosmic-ray would change: what each change does, and the source.

For an environment that has cosmic-ray; mutants/general.py asks it. Left out is what can't matter: operators of types
in annotations, `is` for `==`, and changes of what is written for readers.
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
    """Return what each change does, with its line, and the whole source with it."""
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
