import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { PrismaClient } from '../db/generated/client';
import type { Log } from '../log';
import { callerIp } from './parts';
import type { Person } from './person';

/** Notes who called what and what broke, for the pages of the requests slice. */
export interface RequestLog {
  /** Watches every request: calls of /api are noted, and whatever ended in a fault of ours. */
  watch: RequestHandler;
  /** Writes what is left. */
  stop(): Promise<void>;
}

const FLUSH_MS = 1_000;
/** Beyond this what comes in within a second is not noted: a flood must not fill memory, nor the disk. */
const HELD_MAX = 2_000;
const ERRORS_HELD_MAX = 100;

interface Held {
  calls: object[];
  errors: object[];
  dropped: number;
}

/** Batches in memory and writes once a second; a second's worth is lost when the process dies, which the audit, written with each change, is not. */
export function startRequestLog(outside: PrismaClient, log: Log): RequestLog {
  let held: Held = { calls: [], errors: [], dropped: 0 };
  let writing = Promise.resolve();
  const flush = async (): Promise<void> => {
    const { calls, errors, dropped } = held;
    if (calls.length === 0 && errors.length === 0) return;
    held = { calls: [], errors: [], dropped: 0 };
    if (dropped > 0) log.warn({ dropped }, 'more requests than the request log takes');
    try {
      await outside.$executeRaw`SELECT request_log_write(${JSON.stringify(calls)}::jsonb, ${JSON.stringify(errors)}::jsonb)`;
    } catch (error) {
      log.debug({ err: error, lost: calls.length }, 'request log not written');
    }
  };
  const timer = setInterval(() => {
    writing = writing.then(flush);
  }, FLUSH_MS);
  timer.unref();

  const note = (req: Request, res: Response, path: string, ms: number): void => {
    const { fault } = res.locals as { fault?: unknown };
    if (fault !== undefined && held.errors.length < ERRORS_HELD_MAX) held.errors.push(errorRow(req, res, path, fault));
    if (!path.startsWith('/api/')) return;
    if (held.calls.length >= HELD_MAX) held.dropped += 1;
    else held.calls.push(callRow(req, res, path, ms));
  };
  return {
    watch(req, res, next) {
      const began = performance.now();
      // Express shortens req.path while a router runs.
      const path = req.path.slice(0, 300);
      res.on('close', () => note(req, res, path, Math.round(performance.now() - began)));
      next();
    },
    async stop() {
      clearInterval(timer);
      await writing;
      await flush();
    },
  };
}

function personOf(res: Response): Person | undefined {
  return (res.locals as { person?: Person }).person;
}

function callRow(req: Request, res: Response, path: string, ms: number): object {
  const person = personOf(res);
  const locals = res.locals as { route?: string; problemCode?: string; requestId?: string };
  return {
    at: new Date().toISOString(),
    tenant_id: person?.tenant.id.toString(),
    staff_id: person?.staffId.toString(),
    token_id: person?.token?.id.toString(),
    who: person?.actor.name,
    method: req.method,
    route: locals.route,
    path: clean(path),
    // Closed by the caller before there was an answer: nginx's word for it.
    status: res.writableFinished ? res.statusCode : 499,
    ms,
    code: locals.problemCode,
    request_id: locals.requestId,
    ip: callerIp(req),
    user_agent: clean(req.get('user-agent')?.slice(0, 200)),
  };
}

function errorRow(req: Request, res: Response, path: string, fault: unknown): object {
  const error = fault instanceof Error ? fault : new Error(String(fault));
  const stack = clean(error.stack ?? '').slice(0, 4_000);
  const place = /\n\s+at (.*)/.exec(stack)?.[1] ?? '';
  return {
    at: new Date().toISOString(),
    tenant_id: personOf(res)?.tenant.id.toString(),
    fingerprint: createHash('sha256').update(`${error.name}\n${place}`).digest('hex').slice(0, 16),
    name: error.name.slice(0, 100),
    message: clean(error.message).slice(0, 2_000),
    stack,
    method: req.method,
    path: clean(path),
    request_id: String(res.locals['requestId']),
  };
}

/** Without what Postgres cannot hold, and without anything that looks like one of our secrets or a password in a connection URL. */
function clean(text: string): string;
function clean(text: string | undefined): string | undefined;
function clean(text: string | undefined): string | undefined {
  return text
    ?.replace(/\p{Cs}|\0/gu, '')
    .replace(/\b(lg[a-z]_|whsec_)[\w+/=-]{8,}/g, '$1…')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '…')
    .replace(/:\/\/[^\s/@:]+:[^\s/@]+@/g, '://…@')
    .replace(/("?(?:password|secret|token|key)"?\s*[:=]\s*)("[^"]*"|[^\s,}]+)/gi, '$1…');
}
