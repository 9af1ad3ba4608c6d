"""`python -m bench.peers bench.peers.tutorial_site 1000`: creates the tables of a peer, with 1000 users.

They are created in the database of DATABASE_URL.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    module, users = sys.argv[1:]
    import_module(module).prepare(int(users))
