import { Client } from 'pg';
import { benchPassword, userName } from '../stock';

export interface Population {
  subscribers: number;
  /** Sessions that are open; they are begun over the wire by whoever measures. */
  live: number;
  /** Closed sessions (three quarters) and hours of usage (one quarter) that lie in the tables. */
  history: number;
}

const AT_ONCE = 10_000;
const HISTORY_AT_ONCE = 250_000;
const HISTORY_DAYS = 28;

/**
 * Brings a database that bench/lango.ts has seeded with a few subscribers to this size, by set-based SQL past the triggers, in which a million
 * subscriptions would be written one at a time. What the triggers would have written is written here: group membership and card.
 */
export async function fill(
  databaseUrl: string,
  seeded: number,
  to: Population,
  progress: (line: string) => void,
): Promise<void> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    // Many sessions at once for everybody, so that a login of somebody who is online is let in and the count still has to be taken.
    await db.query(`SET session_replication_role = replica`);
    await db.query('UPDATE plan_version SET simultaneous_use = 100');
    for (let from = seeded; from < to.subscribers; from += AT_ONCE)
      await addSubscribers(db, from, Math.min(to.subscribers, from + AT_ONCE));
    progress(`${to.subscribers} subscribers`);
    await writeCards(db, to.subscribers);
    const [closed, hours] = [Math.floor((to.history * 3) / 4), Math.ceil(to.history / 4)];
    for (let from = 0; from < closed; from += HISTORY_AT_ONCE) {
      await addClosed(db, from, Math.min(closed, from + HISTORY_AT_ONCE), to.subscribers);
      progress(`${Math.min(closed, from + HISTORY_AT_ONCE)} of ${closed} closed sessions`);
    }
    for (let from = 0; from < hours; from += HISTORY_AT_ONCE)
      await addHours(db, from, Math.min(hours, from + HISTORY_AT_ONCE), to.subscribers);
    progress(`${hours} hours of usage`);
    await db.query('RESET session_replication_role');
    await db.query('VACUUM ANALYZE');
    await db.query('CHECKPOINT');
  } finally {
    await db.end();
  }
}

async function addSubscribers(db: Client, from: number, to: number): Promise<void> {
  await db.query(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, quota_bytes, cycle_no)
     SELECT t.tenant_id, t.subscriber_id, (SELECT min(id) FROM plan_version) + i % 10, ${userName}, 'active', now(), now() + interval '30 days', t.quota_bytes, 1
     FROM generate_series($1::int, $2::int - 1) i, (SELECT * FROM subscription ORDER BY id LIMIT 1) t`,
    [from, to],
  );
  const added = `subscription s WHERE s.username IN (SELECT ${userName} FROM generate_series($1::int, $2::int - 1) i)`;
  await db.query(
    `INSERT INTO usage_cycle (tenant_id, subscription_id, cycle_no, started_at) SELECT tenant_id, id, 1, now() FROM ${added}`,
    [from, to],
  );
  await db.query(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value) SELECT tenant_id, username, 'Cleartext-Password', ':=', $3 FROM ${added}`,
    [from, to, benchPassword],
  );
  // The group of a plan, as the trigger wrote it for those who were there.
  await db.query(
    `INSERT INTO radusergroup (tenant_id, username, groupname, priority)
     SELECT s.tenant_id, s.username, g.groupname, g.priority
     FROM (SELECT DISTINCT ON (k.plan_version_id) k.plan_version_id, m.groupname, m.priority
           FROM subscription k JOIN radusergroup m ON m.tenant_id = k.tenant_id AND m.username = k.username ORDER BY k.plan_version_id, k.id) g
     JOIN ${added} AND s.plan_version_id = g.plan_version_id`.replace(
      'JOIN subscription s WHERE',
      'JOIN subscription s ON',
    ),
    [from, to],
  );
}

async function writeCards(db: Client, subscribers: number): Promise<void> {
  await db.query('TRUNCATE access_card');
  for (let from = 0; from < subscribers; from += AT_ONCE)
    await db.query(
      `SELECT access_write_cards((SELECT min(tenant_id) FROM subscription), ARRAY(SELECT ${userName} FROM generate_series($1::int, $2::int - 1) i))`,
      [from, Math.min(subscribers, from + AT_ONCE)],
    );
}

/** Sessions of the last weeks, each subscriber in turn, with the ids and addresses of another router's long life. */
async function addClosed(db: Client, from: number, to: number, subscribers: number): Promise<void> {
  await db.query(
    `INSERT INTO session_closed (tenant_id, nas_id, acct_session_id, generation, first_seen_on, subscription_id, username, nas_address, mac, calling_station_id,
       framed_ip, started_at, updated_at, received_at, stopped_at, closed_by, closed_at, terminate_cause, session_time_s, input_bytes, output_bytes, mode)
     SELECT s.tenant_id, (SELECT min(id) FROM nas), to_hex(1342177280 + i), 0, at::date, s.id, s.username, '127.0.0.1', mac, mac,
       '10.0.0.0'::inet + i % 16000000, at, at + interval '1 hour', at + interval '1 hour', at + interval '1 hour', 'stop', at + interval '1 hour', 'User-Request',
       3600, 1000000 + i, 10000000 + i, 'full'
     FROM generate_series($1::int, $2::int - 1) h (i)
     CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) - make_interval(days => 2 + i % ${HISTORY_DAYS}, secs => i % 80000) AS at,
       '02:00:00:' || upper(substr(lpad(to_hex(i % $3::int), 6, '0'), 1, 2) || ':' || substr(lpad(to_hex(i % $3::int), 6, '0'), 3, 2) || ':' || substr(lpad(to_hex(i % $3::int), 6, '0'), 5, 2)) AS mac) m
     JOIN subscription s ON s.tenant_id = (SELECT min(tenant_id) FROM subscription) AND s.username = 'u' || lpad((i % $3::int)::text, 6, '0')`,
    [from, to, subscribers],
  );
}

async function addHours(db: Client, from: number, to: number, subscribers: number): Promise<void> {
  await db.query(
    `INSERT INTO usage_hour (subscription_id, hour, tenant_id, input_bytes, output_bytes, seconds)
     SELECT s.id, date_trunc('hour', now()) - make_interval(hours => 2 + i / $3::int), s.tenant_id, 1000000, 10000000, 3600
     FROM generate_series($1::int, $2::int - 1) h (i)
     JOIN subscription s ON s.tenant_id = (SELECT min(tenant_id) FROM subscription) AND s.username = 'u' || lpad((i % $3::int)::text, 6, '0')
     ON CONFLICT DO NOTHING`,
    [from, to, subscribers],
  );
}
