import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { Permission } from '../permissions';
import { toProblem } from '../http/errors';
import type { HttpParts } from '../http/parts';
import { callerIp } from '../http/parts';
import type { Person } from '../http/person';
import { forbidden, invalid, tooMany, unauthorized } from '../http/problem';
import { hashSecret } from '../http/session-cookie';
import { recognise } from '../http/mount-pages';
import type { LiveHub } from './hub';

/** What may be listened to, and the permission it takes. A stream says that something changed, never what: the page asks with its own rights. */
export const liveTopics: Readonly<Record<string, Permission>> = {
  sessions: 'sessions.read',
  enforcement: 'sessions.read',
  payment: 'payments.read',
  router: 'routers.read',
  subscriber: 'subscribers.read',
  subscription: 'subscriptions.read',
  bulk: 'subscriptions.read',
  message: 'messages.read',
  voucher: 'vouchers.read',
};

/** Those of the topics that somebody with these permissions may listen to, as a page names them (`live` of its model). */
export function liveFor(permissions: ReadonlySet<Permission>, topics: string[]): string {
  return topics.filter((one) => liveTopics[one] && permissions.has(liveTopics[one])).join();
}

const HEARTBEAT_MS = 15_000;
const STREAMS_PER_PERSON = 12;
const STREAMS_MAX = 2_000;
const BUFFER_MAX_BYTES = 64 * 1024;
/** A stream is reopened by the browser after this, so that a lost right or a closed session ends it soon. */
const STREAM_MAX_MS = 10 * 60_000;

/** GET /live?topics=a,b[&since=ms]: server-sent events `change` {topic, id, session} and `again` (something was missed: ask for everything). */
export function liveRoutes(parts: HttpParts & { live: LiveHub }): Router {
  const router = Router();
  const open = new Map<bigint, number>();
  let total = 0;

  const stream: RequestHandler = (req, res) => {
    // Gone while we looked who it is: 'close' has been told already, and nothing would ever end this stream.
    if (res.destroyed) return;
    const person = res.locals['person'] as Person | undefined;
    if (!person) throw unauthorized('Sign in first.');
    const topics = requestedTopics(req.query['topics'], person);
    const mine = open.get(person.staffId) ?? 0;
    if (mine >= STREAMS_PER_PERSON || total >= STREAMS_MAX)
      throw tooMany(30, 'Too many live pages are open. Close some and load this one again.');
    open.set(person.staffId, mine + 1);
    total += 1;
    const resumed = req.get('last-event-id') !== undefined;
    const stop = startStream(res, parts.live, person, { topics, resumed, since: resumed ? undefined : sinceOf(req) });
    res.on('close', () => {
      stop();
      total -= 1;
      const left = (open.get(person.staffId) ?? 1) - 1;
      if (left > 0) open.set(person.staffId, left);
      else open.delete(person.staffId);
    });
  };

  router.get('/live', byToken(parts), byCookieUnlessToken(parts), stream);
  router.use((error: unknown, _req: unknown, res: Response, next: (error: unknown) => void) => {
    if (res.headersSent) return next(error);
    const problem = toProblem(error);
    res
      .status(problem.status)
      .set(problem.headers)
      .json({ error: { code: problem.code, message: problem.message } });
  });
  return router;
}

function byToken(parts: HttpParts): RequestHandler {
  return async (req, res, next) => {
    res.locals['route'] = '/live';
    const token = /^Bearer ([A-Za-z0-9_.-]{20,800})$/i.exec(req.get('authorization') ?? '')?.[1];
    if (token !== undefined) res.locals['person'] = await parts.lookup.byAccessToken(hashSecret(token), callerIp(req));
    next();
  };
}

function byCookieUnlessToken(parts: HttpParts): RequestHandler {
  const byCookie = recognise(parts);
  return (req, res, next) => (req.get('authorization') === undefined ? byCookie(req, res, next) : next());
}

function requestedTopics(query: unknown, person: Person): Set<string> {
  const asked = typeof query === 'string' ? query.split(/[\s,]+/).filter((topic) => topic !== '') : [];
  const known = Object.keys(liveTopics);
  if (asked.length === 0 || asked.length > 20)
    throw invalid({ topics: `must name one or more of ${known.join(', ')}` });
  for (const topic of asked) {
    const permission = liveTopics[topic];
    if (permission === undefined || !known.includes(topic))
      throw invalid({ topics: `${topic.slice(0, 40)} is not one of ${known.join(', ')}` });
    if (!person.actor.permissions.has(permission)) throw forbidden(permission);
  }
  return new Set(asked);
}

/** When the page was written, ms. It asked before that, and what was changed since then stands in it or not. */
function sinceOf(req: Request): number | undefined {
  const { since } = req.query;
  return typeof since === 'string' && /^\d{1,15}$/.test(since) ? Number(since) : undefined;
}

interface Wanted {
  topics: Set<string>;
  resumed: boolean;
  since: number | undefined;
}

function startStream(res: Response, hub: LiveHub, person: Person, { topics, resumed, since }: Wanted): () => void {
  let sequence = 0;
  // no-transform keeps compressing proxies from holding events back; X-Accel-Buffering does so for nginx.
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    Connection: 'close',
  });
  res.flushHeaders();
  const write = (text: string): void => {
    // A reader that does not read (a suspended laptop) is let go instead of filling our memory.
    if (res.writableLength > BUFFER_MAX_BYTES) res.destroy();
    else res.write(text);
  };
  const event = (name: string, data: unknown): void =>
    write(`id: ${(sequence += 1)}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  write('retry: 2000\n\n');
  if (resumed) event('again', {});
  const unsubscribe = hub.subscribe(
    person.tenant.id,
    (message) => {
      if (message.kind === 'end') res.end();
      else if (message.kind === 'again') event('again', {});
      else if (topics.has(message.change.topic)) {
        const { tenant: _tenant, ...shown } = message.change;
        event('change', shown);
      }
    },
    since,
  );
  const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
  const end = setTimeout(() => res.end(), STREAM_MAX_MS);
  return () => {
    unsubscribe();
    clearInterval(heartbeat);
    clearTimeout(end);
  };
}
