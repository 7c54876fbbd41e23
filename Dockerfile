# Lango in one image: every role of it, and FreeRADIUS. Which roles run is said at its start (lango start --roles=…).
FROM node:24.11-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node control-plane/cli/build.cjs \
 # npm keeps the Prisma command line as an optional peer unless the development packages are gone from package.json.
 && npm pkg delete devDependencies allowScripts optionalDependencies \
 && npm install --omit=dev --no-audit --no-fund

FROM node:24.11-bookworm-slim
ENV NODE_ENV=production LANGO_DATA=/data
# policy-rc.d: the package's own server must not start. setpriv and flock are part of util-linux, which is in the base.
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
 && apt-get update \
 && apt-get install -y --no-install-recommends freeradius freeradius-postgresql sqlite3 postgresql-client iproute2 wireguard-tools \
 && rm -rf /var/lib/apt/lists/* /etc/freeradius/3.0/certs/* \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin lango \
 && install -d -o lango -g lango -m 0711 /data
WORKDIR /app
COPY --from=build /app /app
USER lango
VOLUME /data
EXPOSE 1812/udp 1813/udp 2083/tcp 3000/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD node -e "fetch('http://127.0.0.1:'+(process.env.LANGO_HTTP_PORT||3000)+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--enable-source-maps", "dist/control-plane/cli/main.js"]
CMD ["start"]
