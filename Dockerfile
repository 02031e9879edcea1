# The web service on the CPU: weights inside, no compiler, no root.
#   docker build --tag qgac . && docker run --publish 127.0.0.1:8000:8000 qgac
FROM python:3.12-slim AS build
WORKDIR /project
COPY . .
# What only developers need is left out: pip, the libraries' own tests, what makes models for ONNX Runtime, and the names
# inside LLVM.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends binutils \
    && python -m venv /opt/qgac \
    && /opt/qgac/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt ".[web]" \
    && /opt/qgac/bin/pip uninstall --yes pip \
    && find /opt/qgac -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -r {} + \
    && cd /opt/qgac/lib/python3.12/site-packages \
    && rm -r onnxruntime/quantization onnxruntime/tools onnxruntime/transformers \
    && strip --strip-unneeded llvmlite/binding/libllvmlite.so

FROM python:3.12-slim
ENV PATH=/opt/qgac/bin:$PATH PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/var/cache/qgac
RUN useradd --system --uid 900 --no-create-home qgac && install --directory --owner=qgac /var/cache/qgac
COPY --from=build /opt/qgac /opt/qgac
COPY --from=build --chown=qgac /project/examples/night.jpg /tmp/night.jpg
# By its number, so that a cluster can tell that it is not root.
USER 900
# Kernels are compiled once, here; and if anything is missing, it shows here.
RUN qgac restore /tmp/night.jpg -o /tmp/night.png && rm /tmp/night.jpg /tmp/night.png
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["qgac", "serve", "--host", "0.0.0.0"]
