import { randomUUID } from 'node:crypto';
import express, { type Express, type RequestHandler, type Router } from 'express';
import { liveRoutes } from './platform/live/live.routes';
import type { LiveHub } from './platform/live/hub';
import type { HookDesk } from './hooks';
import { hookRoutes } from './hooks/mount.routes';
import { healthRoutes, type HealthSource } from './platform/http/health.routes';
import { compressed } from './platform/http/compressed';
import { mountApi } from './platform/http/mount-api';
import { mountPages } from './platform/http/mount-pages';
import type { HttpParts } from './platform/http/parts';
import { RequestLimits } from './platform/http/limits';
import { sharedBuckets } from './platform/http/shared-bucket';
import { measureRequests } from './platform/http/metrics';
import { openApiRoute } from './platform/http/openapi';
import { securityHeaders } from './platform/http/security-headers';
import { sliceApiRoutes, sliceHookKinds, slicePageRoutes } from './slices';

export interface AppParts extends HttpParts {
  /** Proxies whose X-Forwarded-* is believed: addresses or subnets. */
  trustedProxies: string[];
  health: HealthSource;
  live: LiveHub;
  /** Works on what providers tell us. */
  desk: HookDesk;
  /** Notes requests (platform/http/request-log.ts). */
  watch: RequestHandler | undefined;
  /** Styles, scripts and icons of the console. */
  assets: Router | undefined;
}

/** The order of everything that a request meets; nothing else happens here. */
export function createApp(given: AppParts): Express {
  const parts = { ...given, limits: given.limits ?? new RequestLimits(undefined, sharedBuckets(given.db)) };
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', parts.trustedProxies.length > 0 ? parts.trustedProxies : false);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);

  app.use((req, res, next) => {
    const named = req.get('x-request-id');
    res.locals['requestId'] = named !== undefined && /^[\w.-]{1,64}$/.test(named) ? named : randomUUID();
    res.set('X-Request-Id', String(res.locals['requestId']));
    next();
  });
  app.use(measureRequests());
  if (parts.watch) app.use(parts.watch);
  app.use(healthRoutes(parts.health));
  app.use(...securityHeaders(parts.publicUrl));
  if (parts.assets) app.use(parts.assets);
  app.use(liveRoutes(parts));

  app.use(hookRoutes(sliceHookKinds(), parts.desk, parts));
  app.use(compressed());
  const api = sliceApiRoutes().flatMap(({ routes }) => routes);
  app.use('/api', mountApi([...api, openApiRoute(api)], parts));
  app.use(mountPages(parts.renderer ? slicePageRoutes().flatMap(({ routes }) => routes) : [], parts));
  return app;
}
