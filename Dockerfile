# One image for every part of compose.yaml: the receiver, the workers, and whatever a person runs by hand.
# It runs as nobody in particular on a read-only root file system: state is in PostgreSQL, or on the volume /state.

FROM python:3.13-slim AS build
ARG EXTRAS=mcp,oauth,otel,postgres,webhooks
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY pipedrive_tools pipedrive_tools
COPY agents agents
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check ".[$EXTRAS]"

FROM python:3.13-slim
COPY --from=build /venv /venv
RUN install -d -o 10001 -g 10001 -m 0700 /state
ENV PATH=/venv/bin:$PATH \
    PIPEDRIVE_LOG=json \
    PIPEDRIVE_LOG_LEVEL=info \
    PIPEDRIVE_STATE=sqlite:////state/state.db \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /state
WORKDIR /state
USER 10001:10001
EXPOSE 8977
STOPSIGNAL SIGTERM
CMD ["pipedrive-tools", "webhooks", "serve", "--host", "0.0.0.0"]
