"""The application on several machines: `python -m tests.cluster` loses each of them in turn, and counts what it costs.

The machines are network namespaces of one machine. Run as root; needs Debian's etcd-server, postgresql, faketime and
iproute2, and Patroni in `.venv-cluster`.
"""
