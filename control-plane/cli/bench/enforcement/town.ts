import type { Client } from 'pg';
import { BenchRouter, type BenchSession } from './router';

/** Bytes that each subscription may use: one interim of a session can cross it. */
export const ALLOWANCE_BYTES = 1_000_000_000;

export interface TownOptions {
  sessions: number;
  routers: number;
  secret: string;
  server: { host: string; port: number };
}

/** Routers with subscribers online, known to Lango by their rows; the sessions begin with a Start like any other. */
export class Town {
  readonly sessions: { router: BenchRouter; session: BenchSession; subscriptionId: string }[] = [];

  private constructor(
    readonly routers: BenchRouter[],
    readonly db: Client,
  ) {}

  static async build(db: Client, o: TownOptions): Promise<Town> {
    const addresses = Array.from({ length: o.routers }, (_, n) => `127.88.${n >> 8}.${(n & 255) + 1}`);
    const routers = await Promise.all(addresses.map((address) => BenchRouter.start(address, o.secret, o.server)));
    const town = new Town(routers, db);
    for (const router of routers) {
      await db.query(
        `INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, coa_port) SELECT id, $1::text, $1::text, 'bench', $2, 'mikrotik', $3 FROM tenant WHERE slug = 'bench'`,
        [router.address, o.secret, router.coaPort],
      );
    }
    await db.query('UPDATE subscription SET quota_bytes = $1', [ALLOWANCE_BYTES]);
    const { rows } = await db.query<{ id: string; username: string }>(
      'SELECT id, username FROM subscription ORDER BY id LIMIT $1',
      [o.sessions],
    );
    rows.forEach(({ id, username }, n) => {
      const router = routers[n % routers.length];
      if (router === undefined) throw new Error('a town needs routers');
      const session: BenchSession = {
        id: `810${n.toString(16).padStart(5, '0')}`,
        username,
        class: `L1:${id}:${n.toString(16).padStart(16, '0')}:f`,
        address: `10.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`,
        startedAt_ms: Date.now(),
        up: 0,
        down: 0,
      };
      router.sessions.set(session.id, session);
      town.sessions.push({ router, session, subscriptionId: id });
    });
    return town;
  }

  /** All Starts, 50 at a time on each router. */
  async begin(): Promise<void> {
    await Promise.all(
      this.routers.map(async (router) => {
        const waiting = [...router.sessions.values()];
        const one = async (): Promise<void> => {
          for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            if (!(await router.report(next, 'Start'))) throw new Error(`the Start of ${next.username} was lost`);
          }
        };
        await Promise.all(Array.from({ length: 50 }, one));
      }),
    );
  }

  close(): void {
    for (const router of this.routers) router.close();
  }
}
