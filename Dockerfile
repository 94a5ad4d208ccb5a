# A database node as we recommend it: PostgreSQL, Patroni, etcd, HAProxy and pgrouted side by side, each as a user of its own (docs/compose.md).
# The first stage makes our Debian package from this source, the second installs it as on any server. Each step is a script of packaging/container/steps.
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS package
WORKDIR /src
COPY packaging/container/steps/build-tools.sh packaging/container/steps/
RUN sh packaging/container/steps/build-tools.sh
COPY . .
RUN sh packaging/container/steps/build-package.sh /package

FROM debian:${DEBIAN}
COPY packaging/container/steps/database-server.sh /tmp/steps/
RUN sh /tmp/steps/database-server.sh
COPY --from=package /package/ /tmp/package/
COPY packaging/container/programs/ /usr/local/bin/
COPY packaging/container/services/ /etc/service/
COPY packaging/container/steps/pgrouted.sh /tmp/steps/
RUN sh /tmp/steps/pgrouted.sh /tmp/package

# Where patronictl, psql and etcdctl find their way without being told.
ENV PATRONICTL_CONFIG_FILE=/etc/patroni/config.yml \
    LC_ALL=C.UTF-8
VOLUME ["/var/lib/etcd", "/var/lib/postgresql"]
EXPOSE 5000 5001
# tini takes in the processes that nobody waits for, and passes on the signals to us.
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["run-node"]
