import type { Pool } from 'pg';
import { Followed, type PartLog } from '../part';
import type { Nas, Rotation } from './nas';

interface NasRow {
  id: string;
  tenant_id: string;
  name: string;
  address: string;
  secret: string;
  type: string;
  realm?: string | null;
  old_secret?: string | null;
  new_secret?: string | null;
  door_address?: string | null;
  door_secret?: string | null;
}

/** All routers, and when the database was asked, by its clock: what was committed before is in it. */
interface Reading {
  at: string;
  rows: NasRow[];
}

export interface NasTableOptions {
  databaseUrl: string;
  pool: Pool;
  /** Where the table is kept for a start without the database. Holds secrets. */
  file: string;
  log: PartLog;
  /** The table has been filled: with what the database held at `at`, or from the file. */
  filled?: (routers: Iterable<Nas>, at: string | undefined) => void;
}

/** The routers, by source address. Follows changes within a second, and starts from its file when the database is away. */
export class NasTable {
  private byAddress = new Map<string, Nas>();
  private readonly followed: Followed<NasRow[]>;
  private readonly filled: NasTableOptions['filled'];
  /** Of the reading that is being taken; a file has none. */
  private readAt: string | undefined;

  constructor({ databaseUrl, pool, file, log, filled }: NasTableOptions) {
    this.filled = filled;
    this.followed = new Followed<NasRow[]>({
      databaseUrl,
      name: 'lango-accounting-nas',
      channel: 'lango_nas',
      read: async () => {
        const { at, rows } = await readRouters(pool);
        this.readAt = at;
        return rows;
      },
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
      const rotation = rotationOf(row);
      if (rotation) nas.rotation = rotation;
      const first = next.get(address);
      if (!first) next.set(address, nas);
      else if (row.realm) first.behind = new Map([...(first.behind ?? []), [row.realm, nas]]);
    }
    this.byAddress = next;
    this.filled?.(next.values(), this.readAt);
  }
}

function rotationOf(row: NasRow): Rotation | undefined {
  const { secret, old_secret: before, new_secret: after, door_address: from, door_secret } = row;
  if (!before || !after || !from || !door_secret) return undefined;
  return {
    other: Buffer.from(secret === after ? before : after),
    door: { near: Buffer.from(after), from, secret: Buffer.from(door_secret) },
  };
}

async function readRouters(pool: Pool): Promise<Reading> {
  const { rows } = await pool.query<Partial<NasRow> & { at: string }>(
    `SELECT statement_timestamp()::text AS at, n.id, n.tenant_id, n.name, host(n.address) AS address, n.secret, n.type, n.realm,
            n.old_secret, n.new_secret, host(n.door_address) AS door_address, n.door_secret
     FROM (VALUES (1)) one LEFT JOIN aaa_nas_table() n ON true ORDER BY n.realm NULLS FIRST, n.id`,
  );
  const at = rows[0]?.at ?? '';
  return { at, rows: rows.flatMap(({ at: _at, ...row }) => (row.id ? [row as NasRow] : [])) };
}
