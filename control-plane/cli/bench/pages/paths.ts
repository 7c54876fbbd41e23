import { Client } from 'pg';
import type { PageName } from '../bars';

/** One thing to measure: the paths that are asked in turn. What it should stay under stands in bars.ts. */
export interface Ask {
  what: PageName;
  paths: string[];
  /** Asked as if nobody had asked for it lately: what the console keeps for seconds is dropped before. */
  cold?: true;
}

export interface Samples {
  people: { id: string; name: string; phone: string; username: string; mac: string | null }[];
  receipts: string[];
  addresses: string[];
  routers: string[];
}

/** What is really there to be asked for, spread over the whole company. */
export async function paths(databaseUrl: string): Promise<Samples> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  const list = async <Row extends object>(sql: string): Promise<Row[]> => (await db.query<Row>(sql)).rows;
  try {
    return {
      people:
        await list(`SELECT c.id, c.name, c.phone, s.username, s.mac_lock AS mac FROM subscriber c JOIN subscription s ON s.subscriber_id = c.id
        ORDER BY md5(c.id::text) LIMIT 50`),
      receipts: (
        await list<{ reference: string }>(`SELECT reference FROM payment TABLESAMPLE SYSTEM (1) LIMIT 50`)
      ).map((row) => row.reference),
      addresses: (
        await list<{ ip: string }>(`SELECT host(framed_ip) AS ip FROM session_live WHERE stopped_at IS NULL LIMIT 50`)
      ).map((row) => row.ip),
      routers: (await list<{ id: string }>(`SELECT id FROM nas LIMIT 20`)).map((row) => row.id),
    };
  } finally {
    await db.end();
  }
}

/** The lists, searches and pages whose times are promised. */
export function asks({ people, receipts, addresses, routers }: Samples): Ask[] {
  const found = (typed: string[]) => typed.map((text) => `/search/box?q=${encodeURIComponent(text)}`);
  const cursor = (id: string) => Buffer.from(`i${id}`).toString('base64url');
  return [
    { what: 'dashboard', paths: ['/dashboard'] },
    { what: 'dashboard, nothing remembered', paths: ['/dashboard'], cold: true },
    { what: 'customer page', paths: people.map((one) => `/subscribers/${one.id}`) },
    { what: 'customer timeline', paths: people.map((one) => `/subscribers/${one.id}/events`) },
    { what: 'customers, first page', paths: ['/subscribers'] },
    { what: 'customers, any page', paths: people.map((one) => `/subscribers?cursor=${cursor(one.id)}`) },
    {
      what: 'customers, by a name',
      paths: people.map((one) => `/subscribers?q=${encodeURIComponent(one.name.split(' ')[1] ?? '')}`),
    },
    ...(['active', 'suspended', 'expired', 'grace', 'throttled'] as const).map((state): Ask => ({
      what: `customers, ${state}`,
      paths: [`/subscribers?state=${state}`],
    })),
    { what: 'customers, ending within a week', paths: ['/subscribers?expires=week'] },
    { what: 'search, a name', paths: found(people.map((one) => one.name)) },
    { what: 'search, a surname', paths: found(people.map((one) => one.name.split(' ')[1] ?? '')) },
    { what: 'search, a phone', paths: found(people.map((one) => `0${one.phone.slice(4)}`)) },
    { what: 'search, the end of a phone', paths: found(people.map((one) => one.phone.slice(-6))) },
    { what: 'search, a login', paths: found(people.map((one) => one.username)) },
    { what: 'search, a device', paths: found(people.flatMap((one) => one.mac ?? [])) },
    { what: 'search, an address', paths: found(addresses) },
    { what: 'search, a receipt', paths: found(receipts) },
    { what: 'live sessions', paths: ['/sessions'] },
    { what: 'live sessions, of a router', paths: routers.map((id) => `/sessions?router=${id}`) },
    { what: 'payments', paths: ['/payments'] },
    { what: 'routers', paths: ['/routers'] },
    { what: 'refused logins', paths: ['/access'] },
  ];
}
