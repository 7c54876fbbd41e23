import type { Pool } from 'pg';
import { Followed, type PartLog } from '../part';
import type { Nas } from './nas';

interface NasRow {
  id: string;
  tenant_id: string;
  name: string;
  address: string;
  secret: string;
  type: string;
  realm?: string | null;
}

export interface NasTableOptions {
  databaseUrl: string;
  pool: Pool;
  /** Where the table is kept for a start without the database. Holds secrets. */
  file: string;
  log: PartLog;
}

/** The routers, by source address. Follows changes within a second, and starts from its file when the database is away. */
export class NasTable {
  private byAddress = new Map<string, Nas>();
  private readonly followed: Followed<NasRow[]>;

  constructor({ databaseUrl, pool, file, log }: NasTableOptions) {
    this.followed = new Followed<NasRow[]>({
      databaseUrl,
      name: 'lango-accounting-nas',
      channel: 'lango_nas',
      read: () => readRouters(pool),
      take: (rows) => this.fill(rows),
      unread: (error) => log.debug({ err: error }, 'the routers could not be read; the last known ones are used'),
      file: {
        path: file,
        unkept: (error) =>
          log.warn(
            { err: error },
            'the routers could not be kept on disk; a start without the database would know none',
          ),
      },
    });
  }

  /** Fills the table from the database or else from the file, and keeps it fresh from then on. */
  start(): Promise<void> {
    return this.followed.start();
  }

  stop(): Promise<void> {
    return this.followed.stop();
  }

  get size(): number {
    return this.byAddress.size;
  }

  /** The router with this source address (see plainAddress), or undefined. */
  find(address: string): Nas | undefined {
    return this.byAddress.get(address);
  }

  private fill(rows: readonly NasRow[]): void {
    const next = new Map<string, Nas>();
    for (const row of rows) {
      const { id, tenant_id: tenantId, name, address } = row;
      const nas: Nas = {
        id,
        tenantId,
        name,
        address,
        secret: Buffer.from(row.secret),
        type: row.type === 'mikrotik' ? 'mikrotik' : 'other',
      };
      const first = next.get(address);
      if (!first) next.set(address, nas);
      else if (row.realm) first.behind = new Map([...(first.behind ?? []), [row.realm, nas]]);
    }
    this.byAddress = next;
  }
}

async function readRouters(pool: Pool): Promise<NasRow[]> {
  const { rows } = await pool.query<NasRow>(
    'SELECT id, tenant_id, name, host(address) AS address, secret, type, realm FROM aaa_nas_table() ORDER BY realm NULLS FIRST, id',
  );
  return rows;
}
