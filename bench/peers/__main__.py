"""`python -m bench.peers tutorial_site 1000`: creates a peer's tables, with 1000 users, in DATABASE_URL's database."""

import sys
from importlib import import_module

if __name__ == "__main__":
    module, users = sys.argv[1:]
    import_module(f"bench.peers.{module}").prepare(int(users))
