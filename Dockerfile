# One image for every process: `serve`, `worker`, `migrate`, `train`. The database is another container or another machine.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The requirements first: a change of our own code does not install them anew.
COPY requirements/base.txt requirements/base.txt
RUN pip install --require-hashes --requirement requirements/base.txt

COPY bot bot
COPY channels channels
COPY config config
COPY crm_core crm_core
COPY desk desk
COPY insight insight
COPY nlu nlu
COPY LICENSE NOTICE ./

# The code belongs to root and cannot be changed by the process; `var` holds what it keeps: model, key, attachments.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin switchboard \
    && install --directory --owner switchboard --group switchboard --mode 0700 /var/lib/switchboard
USER 10001:10001
VOLUME /var/lib/switchboard

ENV SWITCHBOARD_HOST=0.0.0.0 SWITCHBOARD_PORT=8080 SWITCHBOARD_VAR_DIR=/var/lib/switchboard SWITCHBOARD_LOG__FORMAT=json
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]

CMD ["python", "-m", "bot", "serve"]
