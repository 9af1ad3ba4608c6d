"""`python -m bench.peers bench.peers.tutorial_site 1000`: creates a peer's tables in DATABASE_URL's database.

With 1000 users.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    module, users = sys.argv[1:]
    import_module(module).prepare(int(users))
