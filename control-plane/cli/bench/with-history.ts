import { Client } from 'pg';
import { measure, type BenchSize, type Figure, type Side } from './measure';

/** Closed sessions that both sides are given before the login rate is measured once more. */
export const historyRows = 1_000_000;

/**
 * Logins where every plan allows one session at a time and a million sessions lie in the books: the peer counts open sessions of a name in its
 * accounting table. Everything that is open is given to other names first, so that all of the logins are to be accepted.
 */
export async function measureWithHistory(
  sides: readonly Side[],
  o: BenchSize,
  progress: (line: string) => void,
): Promise<Figure[]> {
  for (const side of sides) {
    progress(`${side.name}: ${historyRows.toLocaleString('en')} closed sessions, one session at a time`);
    await prepare[side.name](side.databaseUrl);
  }
  const figures: Figure[] = [];
  for (const side of sides) {
    const figure = await measure(side, 'pap', { kind: 'closed', outstanding: 8 }, o);
    figures.push({ ...figure, what: 'pap 8, one session, 1M history' });
    progress(`${side.name} with history: ${Math.round(figure.per_s)}/s`);
  }
  return figures;
}

const prepare: Record<Side['name'], (databaseUrl: string) => Promise<void>> = {
  stock: (url) =>
    run(url, [
      // Begun one after the other over a month; open sessions lie among the closed ones as they came, not side by side.
      `CREATE TABLE session AS
         SELECT acctsessionid, acctuniqueid, 's' || substr(username, 2) AS username, nasipaddress, acctstarttime, acctupdatetime, acctstoptime FROM radacct
         UNION ALL
         SELECT 'h' || i, md5('h' || i), 'u' || lpad((i % (SELECT count(*) FROM radcheck))::text, 6, '0'), '127.0.0.1',
           now() - make_interval(secs => 86400 + 2.5 * i), now() - make_interval(secs => 2.5 * i), now() - make_interval(secs => 2.5 * i)
         FROM generate_series(1, ${historyRows}) i`,
      'TRUNCATE radacct',
      `INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime, acctupdatetime, acctstoptime, acctinputoctets, acctoutputoctets)
       SELECT s.*, 1, 1 FROM session s ORDER BY md5(acctuniqueid)`,
      `INSERT INTO radgroupcheck (groupname, attribute, op, value) SELECT 'plan' || g, 'Simultaneous-Use', ':=', '1' FROM generate_series(0, 9) g`,
      'VACUUM ANALYZE',
    ]),
  // One session at a time is what its plans say from the start.
  lango: (url) =>
    run(url, [
      `UPDATE session_live SET username = 's' || substr(username, 2), subscription_id = NULL`,
      `INSERT INTO session_closed (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at, stopped_at, input_bytes, output_bytes, first_seen_on)
       SELECT s.tenant_id, n.id, 'h' || i, s.id, s.username, '127.0.0.1', now() - make_interval(secs => 86400 + 2.5 * i),
         now() - make_interval(secs => 2.5 * i), now() - make_interval(secs => 2.5 * i), now() - make_interval(secs => 2.5 * i), 1, 1, current_date
       FROM generate_series(1, ${historyRows}) i
       JOIN subscription s ON s.username = 'u' || lpad((i % (SELECT count(*) FROM subscription))::text, 6, '0') CROSS JOIN (SELECT min(id) AS id FROM nas) n`,
      'VACUUM ANALYZE',
    ]),
};

async function run(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    for (const statement of statements) await db.query(statement);
  } finally {
    await db.end();
  }
}
