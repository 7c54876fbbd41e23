import type { RequestHandler } from 'express';
import { Counter, Histogram, Registry } from 'prom-client';

/** Everything this process counts. /metrics prints it. */
export const metrics = new Registry();

const requestSeconds = new Histogram({
  name: 'lango_http_request_seconds',
  help: 'Time from the first byte of a request to the end of its answer, by route.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers: [metrics],
});

/** Jobs that ended, by name and outcome. */
export const jobRuns = new Counter({
  name: 'lango_job_runs_total',
  help: 'Scheduled jobs that ended, by outcome.',
  labelNames: ['job', 'outcome'] as const,
  registers: [metrics],
});

/** Times every request under its route's pattern, never its path: ids would make a series each. */
export function measureRequests(): RequestHandler {
  return (req, res, next) => {
    const stop = requestSeconds.startTimer();
    res.on('finish', () => {
      stop({ method: req.method, route: String(res.locals['route'] ?? 'none'), status: String(res.statusCode) });
    });
    next();
  };
}
