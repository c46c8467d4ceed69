# The binary and an empty /tmp: no shell, no package manager, no other file. The binary brings the
# public certificate authorities itself. `make image` has it made by `make binaries` first,
# so that what is tested, released and shipped is one and the same file.
FROM scratch
ARG TARGETARCH
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="seldon-prometheus-exporter" \
      org.opencontainers.image.description="Averages, per model and period, of what models use and request" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# backfill collects in /tmp what it writes to standard output.
COPY dist/rootfs/ /
COPY --chmod=0555 dist/seldon-prometheus-exporter-linux-$TARGETARCH /seldon-prometheus-exporter
# A number, because Kubernetes cannot tell whether a name is root.
USER 65532:65532
EXPOSE 8000
ENTRYPOINT ["/seldon-prometheus-exporter"]
