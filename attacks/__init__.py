"""Our own application, attacked with ordinary tools on this machine alone: `make attack`.

Each attack first has to succeed against a build broken on purpose. One that finds nothing there proves nothing here.
"""
