# docker build --tag quart-auth-app .        docs/deploy.md says how to run it
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS builder
WORKDIR /build
# The lock also pins the build tools. So the hashes are checked here, once. The application's environment is installed
# below from these files only: the wheel and its dependencies, no build tool, no pip.
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
# A number, so that Kubernetes can tell it is not root. /app belongs to root: an intruder can't change the code.
RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home --home-dir /data --shell /usr/sbin/nologin app \
    && install --directory --owner app --group app --mode 0700 /data \
    && find / -xdev -depth -type d -path '*/lib/python3*' \
        \( -name pip -o -name ensurepip -o -name setuptools -o -name wheel \) -exec rm -rf {} +
COPY --from=builder /app/venv /app/venv
# `instance` is where SQLite's file and its key go by default. It is a link, because a DATABASE_URL of the image would
# conflict with DATABASE_URL_FILE: only one of them may be set.
# The import compiles the standard library's modules, which the slim images have without bytecode: otherwise each start
# and each health check would compile them again.
RUN ln -s /data /app/instance \
    && /app/venv/bin/python -c 'import http.client, multiprocessing.spawn, hypercorn.__main__, hypercorn.asyncio.run, quart_auth_app'
ENV PATH=/app/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 BIND=0.0.0.0:8000 WORKERS=1
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# http.client, not urllib, which would use the proxy of HTTP_PROXY.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys; \
site = http.client.HTTPConnection('127.0.0.1', int(os.environ['BIND'].rpartition(':')[2]), timeout=4); \
site.request('GET', '/healthz'); \
sys.exit(site.getresponse().status != 200)"]
# exec makes the server process 1, which gets the stop signal. PROCESSES differs from WORKERS only if several containers
# share a machine: WORKERS counts the processes of all of them, so that together they use one hashing thread for each core.
CMD ["sh", "-c", "exec quart-auth-app serve --bind \"$BIND\" --workers \"${PROCESSES:-$WORKERS}\""]
