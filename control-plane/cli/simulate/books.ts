import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored, Testimony } from '../../test-kit/mikrotik';
import { ApiRefusal, type Api } from '../demo/api';

interface Listed {
  id: string;
  router_name: string | null;
  acct_session_id: string;
  input_bytes: number;
  output_bytes: number;
}

interface Page {
  items: Listed[];
  nextCursor: string | null;
}

/** The last records may still lie in a spool, or be under way. */
const LOOK_AGAIN_MS = [1000, 2000, 5000, 10_000, 20_000];

/** What came of comparing; `unknown` when the API does not let us look. */
export type Verdict =
  | { kind: 'equal'; sessions: number; exact: number }
  | { kind: 'different'; sessions: number; differences: string[] }
  | { kind: 'unknown'; why: string };

/** Lango's own count of the sessions of a run, read through the API as any integrator would. */
export class Books {
  private constructor(
    private readonly api: Api,
    /** The newest session before the run: what has a smaller number is of an earlier one. */
    private readonly since: bigint,
  ) {}

  /** To be called before the first login. */
  static async open(api: Api): Promise<Books> {
    const newest = await page(api, 1).catch(() => undefined);
    return new Books(api, BigInt(newest?.items[0]?.id ?? 0));
  }

  /** Whether Lango has each session as its router reported it: at least what was acknowledged, at most what was sent. */
  async compare(testimony: Testimony, routers: ReadonlySet<string>): Promise<Verdict> {
    const { sessions } = testimony;
    for (let look = 0; ; look += 1) {
      let stored: Stored[];
      try {
        stored = await this.stored(routers);
      } catch (error) {
        if (error instanceof ApiRefusal || error instanceof TypeError) return { kind: 'unknown', why: error.message };
        throw error;
      }
      const { differences, exact } = testimony.compare(stored, testimony.mark());
      if (differences.length === 0) return { kind: 'equal', sessions, exact };
      const wait_ms = LOOK_AGAIN_MS[look];
      if (wait_ms === undefined) return { kind: 'different', sessions, differences };
      await sleep(wait_ms);
    }
  }

  private async stored(routers: ReadonlySet<string>): Promise<Stored[]> {
    const stored: Stored[] = [];
    for (let cursor: string | undefined; ;) {
      const { items, nextCursor } = await page(this.api, 100, cursor);
      for (const one of items) {
        if (BigInt(one.id) <= this.since) return stored;
        if (one.router_name === null || !routers.has(one.router_name)) continue;
        stored.push({
          router: one.router_name,
          acctSessionId: one.acct_session_id,
          up: BigInt(one.input_bytes),
          down: BigInt(one.output_bytes),
        });
      }
      if (nextCursor === null) return stored;
      cursor = nextCursor;
    }
  }
}

/** Sessions of the company, newest first. */
function page(api: Api, limit: number, cursor?: string): Promise<Page> {
  const from = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return api.get<Page>(`sessions?state=all&limit=${limit}${from}`);
}
