# syntax=docker/dockerfile:1
# The assistant with its model and its index inside: a container needs no network to start.
#   docker build --tag kratom-evidence .
#   docker run --read-only --tmpfs /tmp --volume kratom-index:/srv/index --cap-drop ALL \
#       --security-opt no-new-privileges --publish 127.0.0.1:7860:7860 kratom-evidence

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1

# Packages change less often than the program, so they are a layer of their own. `make install` takes the small
# build of torch first. The folders stand for the packages that are copied below.
COPY Makefile pyproject.toml constraints.txt README.md LICENSE NOTICE ./
RUN mkdir rag eval && touch rag/__init__.py eval/__init__.py && make install VENV=/srv/venv
# Optional parts, such as --build-arg EXTRA_PACKAGES=redis for rates that replicas share.
ARG EXTRA_PACKAGES=""
RUN if [ -n "${EXTRA_PACKAGES}" ]; then /srv/venv/bin/pip install --constraint constraints.txt ${EXTRA_PACKAGES}; fi

COPY app.py ./
COPY rag rag
COPY eval eval
COPY corpus corpus
# The folder of a running container is read-only, so everything that is made once is made here.
RUN KRATOM_EVIDENCE_INDEX_DIR=/srv/index /srv/venv/bin/kratom-evidence corpus check \
    && KRATOM_EVIDENCE_INDEX_DIR=/srv/index /srv/venv/bin/kratom-evidence index build \
    && /srv/venv/bin/python -m compileall -q /srv/app/rag /srv/app/eval /srv/venv \
    && find /srv/index -name '*.lock' -delete

FROM ${PYTHON_IMAGE}
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/app /srv/app
# Volumes that are mounted here take over the owner.
COPY --from=build --chown=10001:10001 /srv/index /srv/index
RUN install --directory --owner 10001 --group 10001 /srv/chroma
WORKDIR /srv/app
ENV PATH=/srv/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    HF_HUB_OFFLINE=1 \
    KRATOM_EVIDENCE_HOST=0.0.0.0 \
    KRATOM_EVIDENCE_INDEX_DIR=/srv/index
USER 10001:10001
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=4s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/readyz', timeout=3)"]
CMD ["kratom-evidence", "serve"]
