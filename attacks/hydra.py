"""hydra: guesses at Bob's password from a list that has the right one as its last."""

import re

from attacks import tools
from attacks.attack import Verdict
from attacks.guessing import BOB, GUESSES, sign_up
from attacks.victims import Site

HIT = re.compile(r"\[http-post-form\].*password: (.+)")
END = re.compile(r"\d+ (?:of \d+ )?targets? .*completed")


async def run(site: Site) -> Verdict:
    """Tell whether hydra finds the password."""
    await sign_up(site, BOB)
    words = site.folder / "words"
    words.write_text("\n".join([*GUESSES, BOB["password"]]) + "\n")
    before = len(site.statuses())
    output = await tools.run(
        site.folder, "hydra", "-l", BOB["email"], "-P", str(words), "-t", "4", "-f", "-I", "-s", str(site.port),
        "127.0.0.1", "http-post-form", "/login:email=^USER^&password=^PASS^:S=302.*profile",
    )  # fmt: skip
    sent = len(site.statuses()) - before
    if hit := HIT.search(output):
        return Verdict(True, sent, f"found the password: {hit.group(1)}")
    is_over = END.search(output) or tools.CUT_SHORT in output
    return Verdict(False, sent if is_over else 0, "password not found" if is_over else "hydra did not come to its end")
