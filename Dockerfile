FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot ./bot
RUN python -m venv --without-pip /opt/imbot \
    && pip --python /opt/imbot/bin/python install --no-cache-dir --constraint constraints.txt .

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/imbot imbot \
    && install --directory --mode 700 --owner imbot --group imbot /var/lib/imbot
COPY --from=build /opt/imbot /opt/imbot
ENV PATH=/opt/imbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    IMBOT_HOST=0.0.0.0 \
    IMBOT_PORT=8080 \
    IMBOT_LOG_FORMAT=json \
    IMBOT_DATABASE_URL=sqlite:////var/lib/imbot/imbot.db
USER 10001
WORKDIR /var/lib/imbot
VOLUME /var/lib/imbot
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"IMBOT_PORT\"]}/healthz', timeout=2)"]
CMD ["imbot", "serve"]
