# The web service on the CPU: weights inside, no compiler, no root.
#   docker build --tag qgac . && docker run --publish 127.0.0.1:8000:8000 qgac
FROM python:3.12-slim AS build
WORKDIR /project
COPY . .
RUN python -m venv /opt/qgac \
    && /opt/qgac/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt ".[web]" \
    && find /opt/qgac -name __pycache__ -prune -exec rm -r {} + \
    && /opt/qgac/bin/pip uninstall --yes pip

FROM python:3.12-slim
# Compiled kernels are kept here, so that a container that starts again need not compile them again.
ENV PATH=/opt/qgac/bin:$PATH PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/var/cache/qgac
RUN useradd --system --no-create-home qgac && install --directory --owner qgac /var/cache/qgac
COPY --from=build /opt/qgac /opt/qgac
USER qgac
# Compile the kernels once, and fail here if anything is missing.
COPY --from=build /project/examples/night.jpg /tmp/night.jpg
RUN qgac restore /tmp/night.jpg -o /tmp/night.png && rm /tmp/night.png
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["qgac", "serve", "--host", "0.0.0.0"]
