import { Router } from 'express';
import { metrics } from './metrics';

/** State of each part: `ok`, or a short word or phrase for what is wrong. */
export type PartStates = Record<string, string>;

/** Where the answers come from (the health slice). */
export interface HealthSource {
  parts(): Promise<PartStates>;
  /** Brings the gauges that live in the database up to date before they are printed. */
  refreshMetrics(): Promise<void>;
}

/** GET /healthz, /readyz and /metrics. They stand before everything else, so that they answer when the rest cannot. */
export function healthRoutes(source: HealthSource): Router {
  const router = Router();
  router.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  router.get('/healthz', (_req, res) => {
    res.locals['route'] = '/healthz';
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    res.locals['route'] = '/readyz';
    const parts = await source.parts();
    const ready = Object.values(parts).every((state) => state === 'ok');
    res.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'not_ready', parts });
  });
  router.get('/metrics', async (_req, res) => {
    res.locals['route'] = '/metrics';
    await source.refreshMetrics();
    res.type(metrics.contentType).send(await metrics.metrics());
  });
  return router;
}
