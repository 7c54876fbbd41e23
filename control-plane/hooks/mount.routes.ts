import express, { Router, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { toProblem } from '../platform/http/errors';
import { RequestLimits } from '../platform/http/limits';
import { callerIp, type HttpParts } from '../platform/http/parts';
import { tooMany } from '../platform/http/problem';
import { tokenHash } from './address';
import type { HookDesk } from './desk';
import type { HookEvent, HookKind, HookReply } from './kind';
import { together } from './together';

const readRaw = express.raw({ limit: '256kb', type: () => true });
/** Safaricom gives a validation eight seconds. */
const ANSWER_MS = 5_000;
const USUAL: HookReply = { status: 200, body: {} };
/** Calls that are written down in one statement. */
const KEPT_AT_ONCE = 64;
const NOT_KEPT = new Set(['authorization', 'cookie', 'proxy-authorization']);

type AnyRequest = Request<any>; // oxlint-disable-line typescript/no-explicit-any
type Kept = { id: bigint; tenant_id: bigint; received_at: Date };

/** POST /hooks/:kind/:token and the addresses without a token. The body stands in the table, byte for byte, before the caller gets an answer. */
export function hookRoutes(kinds: HookKind[], desk: HookDesk, parts: HttpParts): Router {
  const router = Router({ caseSensitive: true });
  const byName = new Map(kinds.map((one) => [one.kind, one]));
  const limits = parts.limits ?? new RequestLimits();
  const keeper = together({ most: KEPT_AT_ONCE }, (calls: Call[]) => keepMany(calls, parts));
  router.post('/hooks/:kind/:token', readRaw, withToken());
  for (const kind of kinds) {
    const { open } = kind;
    if (open) router.post(open.path, readRaw, withoutToken(kind, open));
  }
  // The path is a secret: it stands in no log.
  router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    const problem = toProblem(error);
    if (problem.status >= 500) parts.log.error({ err: error }, 'a call was not kept');
    if (res.headersSent) next(error);
    else
      res
        .status(problem.status)
        .set(problem.headers)
        .json({ error: { code: problem.code, message: problem.message } });
  });
  return router;

  function withToken(): RequestHandler<{ kind: string; token: string }> {
    return async (req, res) => {
      res.locals['route'] = '/hooks/:kind/:token';
      const kind = byName.get(req.params['kind']);
      const token = req.params['token'];
      const kept = kind && /^[0-9a-f]{32}$/.test(token) ? await keeper.put(callOf(kind, token, req)) : undefined;
      if (!kind || !kept) notHere(req, res);
      else await finish(kind, eventOf(kind, kept, req, true), res);
    };
  }

  function withoutToken(kind: HookKind, open: NonNullable<HookKind['open']>): RequestHandler {
    return async (req, res) => {
      res.locals['route'] = open.path;
      const tenant = await open.tenantOf(parts.db.outside, bodyOf(req));
      const kept = tenant === undefined ? undefined : await keepOpen(kind, tenant, req, parts);
      if (!kept) notHere(req, res);
      else await finish(kind, eventOf(kind, kept, req, false), res);
    };
  }

  // Only wrong addresses are counted: a provider's call is money, comes once, and a thousand of them may come from one address.
  function notHere(req: AnyRequest, res: Response): void {
    const wait_s = limits.take('send', 'wrong hook', callerIp(req));
    if (wait_s > 0) throw tooMany(wait_s);
    res.status(404).json({ error: { code: 'not_found', message: 'Nobody is called at this address.' } });
  }

  async function finish(kind: HookKind, event: HookEvent, res: Response): Promise<void> {
    const { status, body } = (await inTime(kind, event)) ?? kind.reply ?? USUAL;
    res.status(status).json(body);
    desk.put(kind, event);
  }

  async function inTime(kind: HookKind, event: HookEvent): Promise<HookReply | undefined> {
    if (!kind.answer) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((done) => {
      timer = setTimeout(() => done(undefined), ANSWER_MS);
    });
    try {
      return await Promise.race([
        kind.answer(event, { db: parts.db, publicUrl: parts.publicUrl, log: parts.log }),
        late,
      ]);
    } catch (error) {
      parts.log.error({ err: error, hook: event.id.toString() }, 'a call was answered without looking');
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

const bodyOf = (req: AnyRequest): Buffer => (Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));

function headersOf(req: AnyRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headers)
      .filter(([name]) => !NOT_KEPT.has(name))
      .slice(0, 40)
      .map(([name, value]) => [name, String(value).replaceAll('\0', '').slice(0, 1_000)]),
  );
}

/** A call as it is written down. */
interface Call {
  kind: string;
  account: string;
  token: string;
  ip: string;
  headers: string;
  body: string;
}

const callOf = (kind: HookKind, token: string, req: AnyRequest): Call => ({
  kind: kind.kind,
  account: kind.account,
  token: tokenHash(token).toString('hex'),
  ip: callerIp(req),
  headers: JSON.stringify(headersOf(req)),
  body: bodyOf(req).toString('base64'),
});

/** Undefined for each whose token is nobody's. */
async function keepMany(calls: Call[], parts: HttpParts): Promise<(Kept | undefined)[]> {
  const of = (name: keyof Call): string[] => calls.map((call) => call[name]);
  const rows = await parts.db.outside.$queryRaw<(Kept & { n: number })[]>`
    SELECT n, id, tenant_id, received_at
    FROM hook_keep_many(${of('kind')}::text[], ${of('account')}::text[], ${of('token')}::text[], ${of('ip')}::text[], ${of('headers')}::text[], ${of('body')}::text[])`;
  const kept = new Map(rows.map((row) => [row.n, row]));
  return calls.map((_, at) => kept.get(at + 1));
}

async function keepOpen(kind: HookKind, tenant: bigint, req: AnyRequest, parts: HttpParts): Promise<Kept | undefined> {
  const rows = await parts.db.outside.$queryRaw<Kept[]>`
    SELECT * FROM hook_keep_open(${kind.kind}, ${tenant}, ${callerIp(req)}::inet, ${JSON.stringify(headersOf(req))}::jsonb, ${bodyOf(req)})`;
  return rows[0];
}

function eventOf(kind: HookKind, kept: Kept, req: AnyRequest, byToken: boolean): HookEvent {
  return {
    id: kept.id,
    tenantId: kept.tenant_id,
    kind: kind.kind,
    receivedAt: kept.received_at,
    ip: callerIp(req),
    byToken,
    headers: headersOf(req),
    body: bodyOf(req),
    tries: 0,
  };
}
