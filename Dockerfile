ARG BASE_IMAGE=docker.io/library/python:3.13-slim

FROM ${BASE_IMAGE} AS build
# Or tracing: with what OpenTelemetry traces need.
ARG REQUIREMENTS=runtime
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
# pip and the build backend live in /build, which stays behind; the service's environment has neither.
RUN python -m venv /build && python -m venv --without-pip /opt/retrorun
WORKDIR /src
COPY requirements/ requirements/
RUN /build/bin/pip install --require-hashes -r requirements/build.txt \
    && /build/bin/pip --python /opt/retrorun/bin/python install --require-hashes -r "requirements/${REQUIREMENTS}.txt"
COPY LICENSE README.md THIRD_PARTY.md pyproject.toml ./
COPY models/ models/
COPY app/ app/
COPY retrorun/__init__.py retrorun/py.typed retrorun/
COPY openapi/examples/ openapi/examples/
# Unchecked bytecode: the root file system may be read-only, and a layer may not keep modification times.
RUN /build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /dist . \
    && /build/bin/pip --python /opt/retrorun/bin/python install --no-index --no-deps /dist/*.whl \
    && /opt/retrorun/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/retrorun/lib

# The bill of materials of what was just installed; the tool that writes it stays behind too.
FROM build AS sbom
COPY deploy/sbom.sh ./
RUN python -m venv --without-pip /sbom \
    && /build/bin/pip --python /sbom/bin/python install --require-hashes -r requirements/sbom.txt \
    && ./sbom.sh /sbom/bin/cyclonedx-py /opt/retrorun/bin/python /sbom.cdx.json

# The same with the Arrow library that POST /estimate/table and `retrorun bulk` need, which makes an image 176 MB larger.
FROM sbom AS build-bulk
RUN /build/bin/pip --python /opt/retrorun/bin/python install --require-hashes -r requirements/bulk.txt \
    && /opt/retrorun/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/retrorun/lib \
    && ./sbom.sh /sbom/bin/cyclonedx-py /opt/retrorun/bin/python /sbom.cdx.json

FROM ${BASE_IMAGE} AS image
# What this image is made from, for its labels: --build-arg REVISION="$(git rev-parse HEAD)".
ARG BASE_IMAGE
ARG VERSION=0.2.0
ARG REVISION=unknown
ARG SOURCE=https://github.com/retrorun/retrorun
LABEL org.opencontainers.image.title="RetroRun" \
      org.opencontainers.image.description="What a bout of running or walking costs forward and backward" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.authors="RetroRun contributors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}/tree/main/docs" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
# One thread: nothing here multiplies matrices, and NumPy would make a thread for each core of the machine.
ENV PATH=/opt/retrorun/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# The slim image ships the standard library without bytecode, which doubles every start on a read-only root.
RUN python -m compileall -q --invalidation-mode unchecked-hash -x site-packages \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Not urllib: it would ask a proxy named in the environment.
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
# The kernel keeps from process 1 a signal that it has no handler for. Blocked, one waits until there is a handler.
ENTRYPOINT ["env", "--block-signal=TERM,HUP"]
CMD ["retrorun", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM image AS bulk
COPY --from=build-bulk /opt/retrorun /opt/retrorun
COPY --from=build-bulk /sbom.cdx.json /usr/share/doc/retrorun/

FROM image AS service
COPY --from=build /opt/retrorun /opt/retrorun
COPY --from=sbom /sbom.cdx.json /usr/share/doc/retrorun/
