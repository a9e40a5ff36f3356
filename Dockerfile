# Two stages: what builds stays behind. The same locks as on a developer's machine, hashes checked.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /market
COPY requirements.lock ./
RUN /market/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /market/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
ENV PATH=/market/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --no-create-home --shell /usr/sbin/nologin --uid 10001 techmarket
RUN install -d -o 10001 -g 10001 -m 0700 /state /backups
COPY --from=build /market /market
COPY alembic.ini /app/
COPY migrations /app/migrations
WORKDIR /app
USER 10001
EXPOSE 8000
ENTRYPOINT ["techmarket"]
CMD ["serve"]
