import type { PagesSize } from './seed';

const tenant = `(SELECT min(id) FROM tenant)`;
const nas = `(SELECT min(id) FROM nas)`;
const people = `(SELECT min(id) AS first FROM subscription) s`;

/** What a network and its staff leave behind: answers to logins of a month, orders to routers of two years, an audit of seven weeks. No trigger tells anybody. */
export function traces({ subscribers }: PagesSize): [string, string][] {
  const untold = (sql: string) => `SET session_replication_role = replica; ${sql}; RESET session_replication_role`;
  return [
    [
      'logins',
      untold(`INSERT INTO radpostauth (username, pass, reply, callingstationid, station, authdate, tenant_id, nas_id, reason, method)
        SELECT u.username, '', CASE WHEN i % 40 = 0 THEN 'Access-Reject' ELSE 'Access-Accept' END, '48:A9:8A:00:00:01', '48:A9:8A:00:00:01', now() - interval '30 days' * (1 - i::float8 / ${subscribers * 10}),
               ${tenant}, ${nas} + i % 50, CASE WHEN i % 40 = 0 THEN (ARRAY['wrong_password','expired','suspended'])[1 + i % 3] END, 'pap'
        FROM generate_series(1, ${subscribers * 10}) i, ${people} JOIN subscription u ON true
        WHERE u.id = s.first + (i::bigint * 7919) % ${subscribers}`),
    ],
    [
      'orders to routers',
      untold(`INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason, state, created_at, next_attempt_at, attempts, proven_by, proven_at, closed_at)
        SELECT ${tenant}, -i, ${nas} + i % 50, s.first + (i::bigint * 7919) % ${subscribers}, (ARRAY['cut','throttle','cut','restore'])[1 + i % 4], 'expired',
               CASE WHEN i % 1000 = 0 THEN 'gave_up' ELSE 'proven' END, at, at, 1, CASE WHEN i % 1000 > 0 THEN 'stop' END, CASE WHEN i % 1000 > 0 THEN at + interval '40 ms' END, at + interval '41 ms'
        FROM generate_series(1, ${subscribers * 10}) i, ${people}, LATERAL (SELECT now() - interval '730 days' * (1 - i::float8 / ${subscribers * 10}) AS at) m`),
    ],
    [
      'audit',
      untold(`INSERT INTO audit_event (tenant_id, at, actor_kind, actor_name, action, subject_type, subject_id)
        SELECT ${tenant}, now() - interval '49 days' * (1 - i::float8 / ${subscribers * 3}), CASE WHEN i % 10 = 0 THEN 'staff' ELSE 'system' END, 'Amina', 'subscription.renew', 'subscription',
               (s.first + (i::bigint * 7919) % ${subscribers})::text
        FROM generate_series(1, ${subscribers * 3}) i, ${people}`),
    ],
  ];
}
