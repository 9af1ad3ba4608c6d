"""Make a peer's database: `python -m bench.peers tutorial_site 1000`, in the database that DATABASE_URL names."""

import sys
from importlib import import_module

if __name__ == "__main__":
    module, users = sys.argv[1:]
    import_module(f"bench.peers.{module}").prepare(int(users))
