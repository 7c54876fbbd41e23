import { Client } from 'pg';

/** One thing to measure: the paths that are asked in turn, and what it should stay under. */
export interface Ask {
  what: string;
  bar_ms: number;
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
    { what: 'dashboard', bar_ms: 50, paths: ['/dashboard'] },
    { what: 'dashboard, nothing remembered', bar_ms: 50, paths: ['/dashboard'], cold: true },
    { what: 'customer page', bar_ms: 150, paths: people.map((one) => `/subscribers/${one.id}`) },
    { what: 'customer timeline', bar_ms: 150, paths: people.map((one) => `/subscribers/${one.id}/events`) },
    { what: 'customers, first page', bar_ms: 100, paths: ['/subscribers'] },
    { what: 'customers, any page', bar_ms: 100, paths: people.map((one) => `/subscribers?cursor=${cursor(one.id)}`) },
    {
      what: 'customers, by a name',
      bar_ms: 100,
      paths: people.map((one) => `/subscribers?q=${encodeURIComponent(one.name.split(' ')[1] ?? '')}`),
    },
    ...['active', 'suspended', 'expired', 'grace', 'throttled'].map((state) => ({
      what: `customers, ${state}`,
      bar_ms: 100,
      paths: [`/subscribers?state=${state}`],
    })),
    { what: 'customers, ending within a week', bar_ms: 100, paths: ['/subscribers?expires=week'] },
    { what: 'search, a name', bar_ms: 100, paths: found(people.map((one) => one.name)) },
    { what: 'search, a surname', bar_ms: 100, paths: found(people.map((one) => one.name.split(' ')[1] ?? '')) },
    { what: 'search, a phone', bar_ms: 100, paths: found(people.map((one) => `0${one.phone.slice(4)}`)) },
    { what: 'search, the end of a phone', bar_ms: 100, paths: found(people.map((one) => one.phone.slice(-6))) },
    { what: 'search, a login', bar_ms: 100, paths: found(people.map((one) => one.username)) },
    { what: 'search, a device', bar_ms: 100, paths: found(people.flatMap((one) => one.mac ?? [])) },
    { what: 'search, an address', bar_ms: 100, paths: found(addresses) },
    { what: 'search, a receipt', bar_ms: 100, paths: found(receipts) },
    { what: 'live sessions', bar_ms: 100, paths: ['/sessions'] },
    { what: 'live sessions, of a router', bar_ms: 100, paths: routers.map((id) => `/sessions?router=${id}`) },
    { what: 'payments', bar_ms: 100, paths: ['/payments'] },
    { what: 'routers', bar_ms: 100, paths: ['/routers'] },
    { what: 'refused logins', bar_ms: 100, paths: ['/access'] },
  ];
}
