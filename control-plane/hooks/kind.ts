import type { Database } from '../platform/db/prisma';
import type { PrismaClient } from '../platform/db/generated/client';
import type { Log } from '../platform/log';

/** One call from outside, kept before it was answered. */
export interface HookEvent {
  id: bigint;
  tenantId: bigint;
  kind: string;
  /** Wall clock. */
  receivedAt: Date;
  ip: string;
  /** It came to the company's secret address; false: to one that anybody may know, so nothing in it is believed by itself. */
  byToken: boolean;
  /** Names in small letters; without cookies and credentials. */
  headers: Record<string, string>;
  body: Buffer;
  /** Earlier tries to work on it. */
  tries: number;
}

/** What became of a call. `later`: try again, because what it is about is not there yet; after the last try it is `stuck` and waits for a person. */
export type HookOutcome =
  { kind: 'done'; note?: string } | { kind: 'ignored'; note: string } | { kind: 'later'; note: string };

export interface HookTools {
  db: Database;
  /** As providers reach us: some sign the whole address. */
  publicUrl: string;
  log: Log;
}

export interface HookReply {
  status: number;
  body: unknown;
}

/** Exported as `hookKinds` from `<slice>/callback.routes.ts`. */
export interface HookKind {
  /** In the address. Letters only, and none of the words that providers forbid there: mpesa, safaricom, exe, exec, cmd, sql, query. */
  kind: string;
  /** Whose token opens it: one token for one account of a company's with a provider. */
  account: string;
  /** An address without a token. `tenantOf` names the company that a body is about; undefined is answered with 404. */
  open?: { path: string; tenantOf(outside: PrismaClient, body: Buffer): Promise<bigint | undefined> };
  /** Where the answer depends on what was sent. It is given in time or the call is answered with `reply` as it stands. */
  answer?(event: HookEvent, tools: HookTools): Promise<HookReply>;
  /** What the provider wants to hear: 200 and `{}` unless said otherwise. */
  reply?: HookReply;
  /** Works on the call; it may come again, and beside itself. Throwing means to try again. */
  handle(event: HookEvent, tools: HookTools): Promise<HookOutcome>;
  /**
   * Works on several calls of one company in one go, `TOGETHER_MOST` at most: what became of each, in their order. Undefined: that one is to be worked on by
   * itself. Throwing means that each is, so a call that is not understood costs the others no more than a moment.
   */
  handleTogether?(events: readonly HookEvent[], tools: HookTools): Promise<(HookOutcome | undefined)[]>;
}
