# syntax=docker/dockerfile:1
# The program `ignacio` and nothing else. Build: docker build -t ignacio .
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# ring compiles a little C.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package ignacio-server --bin ignacio \
    && cp target/release/ignacio /usr/local/bin/ignacio

FROM debian:bookworm-slim
# The roots by which OpenAI, Meta and the object store are recognised.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/ignacio /usr/local/bin/ignacio
USER 65534:65534
ENV IGNACIO_LISTEN=0.0.0.0:8080 IGNACIO_METRICS_LISTEN=0.0.0.0:9464
EXPOSE 8080 9464
# SIGTERM lets running work end, which takes 25 s at most: stop with a grace of 30 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ignacio"]
CMD ["serve", "--with-worker"]
