import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Context } from '../context';
import { toProblem } from './errors';
import { idempotencyKey, once } from './idempotency';
import { limitStrangers, RequestLimits } from './limits';
import { callerIp, type HttpParts } from './parts';
import type { Person } from './person';
import { forbidden, notFound, Problem, unauthorized } from './problem';
import { limitRequests } from './rate-limit';
import { Reply, type ApiRoute, type Call } from './route';
import { assertMountable, bySpecificity } from './routes-order';
import { sharedBuckets } from './shared-bucket';
import { hashSecret } from './session-cookie';

/** Everything is read as JSON whatever the content type says, so that a wrong header is a clear 400 and never an ignored body. */
const readJson = express.json({ limit: '256kb', type: () => true });

/** The router of /api: sign-in, rate limit and permission come before a byte of the body is read. */
export function mountApi(routes: ApiRoute[], parts: HttpParts): Router {
  const router = Router({ caseSensitive: true });
  const limit = limitRequests(parts.apiRatePerMinute, sharedBuckets(parts.db));
  const strangers = parts.limits ?? new RequestLimits();
  assertMountable(routes);
  for (const route of [...routes].sort(bySpecificity)) {
    const before: RequestHandler[] =
      route.permission === 'public'
        ? [limitStrangers(strangers, route.method === 'GET' ? 'read' : 'send', `${route.method} /api${route.path}`)]
        : [authenticate(parts), limit, authorize(route.permission)];
    register(router, route, [...before, readJson, perform(route, parts)]);
  }
  router.use((_req, _res, next) => next(notFound('That address')));
  router.use(answerProblem(parts));
  return router;
}

function register(router: Router, route: ApiRoute, handlers: RequestHandler[]): void {
  const method = route.method.toLowerCase() as Lowercase<ApiRoute['method']>;
  router[method](route.path, (_req, res, next) => {
    res.locals['route'] = `/api${route.path}`;
    res.set('Cache-Control', 'no-store');
    next();
  });
  router[method](route.path, ...handlers);
}

function authenticate(parts: HttpParts): RequestHandler {
  return async (req, res, next) => {
    const token = /^Bearer ([A-Za-z0-9_.-]{20,800})$/i.exec(req.get('authorization') ?? '')?.[1];
    const person = token === undefined ? undefined : await parts.lookup.byAccessToken(hashSecret(token), callerIp(req));
    if (!person) throw unauthorized();
    res.locals['person'] = person;
    next();
  };
}

function authorize(permission: ApiRoute['permission']): RequestHandler {
  return (_req, res, next) => {
    const person = res.locals['person'] as Person;
    if (person.mustVisit !== undefined && permission !== 'signed_in')
      throw new Problem(
        403,
        'second_factor_needed',
        `Your company asks everybody for a second proof at sign-in. Set yours up in the console at ${person.mustVisit} first.`,
      );
    if (permission !== 'signed_in' && permission !== 'public' && !person.actor.permissions.has(permission))
      throw forbidden(permission);
    next();
  };
}

function perform(route: ApiRoute, parts: HttpParts): RequestHandler {
  return async (req, res) => {
    const result = await route.perform(apiCall(req, res, route, parts));
    send(res, result instanceof Reply ? result : new Reply(route.status, result));
  };
}

function send(res: Response, reply: Reply): void {
  res.status(reply.status).set(reply.headers);
  if (reply.status === 204 || reply.body === undefined) res.end();
  else if (Buffer.isBuffer(reply.body)) res.send(reply.body);
  else res.type('application/json').send(JSON.stringify(reply.body));
}

function apiCall(req: Request, res: Response, route: ApiRoute, parts: HttpParts): Call {
  const call = baseCall(req, res, parts);
  const key = req.method === 'POST' ? idempotencyKey(req.get('idempotency-key')) : undefined;
  if (key === undefined) return call;
  const request = {
    key,
    route: `${req.method} ${req.baseUrl}${req.path}`,
    body: req.body as unknown,
    status: route.status,
  };
  return {
    ...call,
    // `once` decides whether the work runs at all; a replayed answer is a Reply, which perform() sends as it stands.
    inTenant: <T>(work: (ctx: Context) => Promise<T>) =>
      call.inTenant((ctx) => once(ctx, request, () => work(ctx)) as Promise<T>),
  };
}

/** For the request log (request-log.ts): the refusal's code, and the cause where it is our fault. 503 is the database away, which everything says. */
export function tellRequestLog(res: Response, problem: Problem, error: unknown): void {
  res.locals['problemCode'] = problem.code;
  if (problem.status >= 500 && problem.status !== 503) res.locals['fault'] = error;
}

/** What API and page routes have in common. */
export function baseCall(req: Request, res: Response, parts: HttpParts): Call {
  const person = res.locals['person'] as Person | undefined;
  const requestId = String(res.locals['requestId']);
  return {
    db: parts.db,
    publicUrl: parts.publicUrl,
    requestId,
    ip: callerIp(req),
    userAgent: req.get('user-agent')?.slice(0, 300),
    log: parts.log.child({ requestId }),
    person,
    rawParams: req.params as Record<string, string>,
    rawQuery: req.query,
    rawBody: req.body as unknown,
    inTenant: (work) => {
      if (!person) throw new Error('There is no company before sign-in.');
      return parts.db.inTenant({ tenantId: person.tenant.id, actor: person.actor, requestId }, work);
    },
  };
}

/** Writes a Problem as the contract's JSON. Faults of ours are logged with their cause; refusals are not. */
export function answerProblem(
  parts: HttpParts,
): (error: unknown, req: Request, res: Response, next: (error: unknown) => void) => void {
  return (error, req, res, next) => {
    const problem = toProblem(error);
    tellRequestLog(res, problem, error);
    if (problem.status >= 500)
      parts.log.error({ err: error, requestId: res.locals['requestId'], path: req.path }, 'request failed');
    if (res.headersSent) {
      next(error);
      return;
    }
    res
      .status(problem.status)
      .set(problem.headers)
      .type('application/json')
      .send(JSON.stringify({ error: errorBody(problem) }));
  };
}

function errorBody(problem: Problem): Record<string, unknown> {
  return { code: problem.code, message: problem.message, ...(problem.fields ? { fields: problem.fields } : {}) };
}
