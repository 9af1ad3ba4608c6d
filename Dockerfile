# docker build --tag quart-auth-app .        docs/deploy.md says how to run it
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS builder
WORKDIR /build
# The lock also pins what builds the wheel. So the hashes are checked here, once, and what goes into the application's
# environment is chosen below from these files alone: the wheel and what it asks for, no build tool, no pip.
COPY locks/requirements.lock ./
RUN python -m venv tools && python -m venv --without-pip /app/venv \
    && tools/bin/pip wheel --no-cache-dir --require-hashes --requirement requirements.lock --wheel-dir wheels \
    && tools/bin/pip install --no-index --find-links wheels hatchling
COPY pyproject.toml README.md LICENSE hypercorn.toml ./
COPY templates templates
COPY quart_auth_app quart_auth_app
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && tools/bin/pip --python /app/venv/bin/python install --no-index --find-links wheels --compile quart-auth-app

FROM ${PYTHON_IMAGE}
# A number, so that Kubernetes can tell it is not root. /app is root's: whoever breaks in can't change the code.
RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home --home-dir /data --shell /usr/sbin/nologin app \
    && install --directory --owner app --group app --mode 0700 /data \
    && find / -xdev -depth -type d -path '*/lib/python3*' \
        \( -name pip -o -name ensurepip -o -name setuptools -o -name wheel \) -exec rm -rf {} +
COPY --from=builder /app/venv /app/venv
# `instance` is where SQLite's file and its key go if nothing else is set. A link and no DATABASE_URL of the image's own:
# that would stand beside DATABASE_URL_FILE, and only one of them may be set.
# The import leaves bytecode of the standard library behind, which the slim images come without: each start and each
# health check would compile it again.
RUN ln -s /data /app/instance \
    && /app/venv/bin/python -c 'import http.client, multiprocessing.spawn, hypercorn.__main__, hypercorn.asyncio.run, quart_auth_app'
ENV PATH=/app/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 BIND=0.0.0.0:8000 WORKERS=1
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# http.client and not urllib: that would ask the proxy which HTTP_PROXY names.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys; \
site = http.client.HTTPConnection('127.0.0.1', int(os.environ['BIND'].rpartition(':')[2]), timeout=4); \
site.request('GET', '/healthz'); \
sys.exit(site.getresponse().status != 200)"]
# exec makes the server process 1, which is the one that gets the stop signal. PROCESSES differs from WORKERS only where
# several containers share a machine: WORKERS counts the processes of all, so that together they hash on each core once.
CMD ["sh", "-c", "exec quart-auth-app serve --bind \"$BIND\" --workers \"${PROCESSES:-$WORKERS}\""]
