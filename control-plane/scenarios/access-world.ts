import { Client } from 'pg';
import { add, addBytes, listAttributes } from '../../radius/attributes';
import { Code, Packet, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { makeCredentials } from '../test-kit/mikrotik/credentials';

export interface RouterInput {
  address: string;
  secret?: string;
  type?: 'mikrotik' | 'other';
  policy?: 'require' | 'auto' | 'off';
  tenantId?: string;
}

export interface SubscriptionInput {
  username: string;
  password?: string;
  tenantId?: string;
  status?: 'pending' | 'active' | 'suspended' | 'paused' | 'ended';
  /** Seconds from now on Lango's clock. */
  expiresIn_s?: number;
  usedBytes?: number;
  topupBytes?: number;
  macLock?: string;
  staticIp?: string;
  /** Columns of the plan version, over a 10/5 Mbit/s one without a cap. */
  plan?: Record<string, unknown>;
}

export interface Ask {
  username: string | Buffer;
  password?: string;
  method?: 'pap' | 'chap' | 'mschap1' | 'mschap2' | 'none';
  service?: 'ppp' | 'hotspot' | 'dhcp';
  /** Calling-Station-Id. */
  station?: string;
  from?: string;
  secret?: string;
  signed?: boolean;
  proxyState?: boolean;
  tries?: number;
  timeout_ms?: number;
}

/** What came back: attributes as FreeRADIUS' tools print them, repeated ones as further entries. */
export interface Answered {
  code: 'accept' | 'reject' | 'none';
  reply: Record<string, string>;
  /** In the order of the wire. */
  names: string[];
  /** What the client finds wrong with an Accept (MS-CHAP2-Success, MPPE keys). */
  objection?: string | undefined;
}

/** A company with a database and a real FreeRADIUS, and ways to put routers and subscriptions into it and to log in. */
export interface AccessWorld {
  db: TestDatabase;
  owner: Client;
  freeradius: TestFreeradius;
  tenantId: string;
  addTenant(name: string): Promise<string>;
  addRouter(o: RouterInput): Promise<string>;
  addSubscription(o: SubscriptionInput): Promise<string>;
  /** An open session of that subscription. */
  addSession(subscriptionId: string, o: { mac: string; heardAgo_s?: number; address?: string }): Promise<void>;
  ask(o: Ask): Promise<Answered>;
  /** The reason of the latest answer given to that name, once it stands in radpostauth (some two seconds at most). */
  reasonOf(username: string): Promise<string>;
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  end(): Promise<void>;
}

/** The router of every world, unless a test asks from another. */
export const homeRouter = { address: '127.61.0.1', secret: 'home-secret' };

/** @param through gives FreeRADIUS another way to the database than the straight one */
export async function createAccessWorld(through = async (url: string) => url): Promise<AccessWorld> {
  const db = await createTestDatabase();
  const owner = new Client({ connectionString: db.ownerUrl });
  // A test may end every connection of the database; this one is then not needed any more.
  owner.on('error', () => undefined);
  await owner.connect();
  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query<Row>(text, values)).rows;
  const idOf = async (text: string, values: unknown[]): Promise<string> =>
    (await sql<{ id: string }>(text, values))[0]?.id ?? '';
  const addTenant = (name: string): Promise<string> =>
    idOf(`INSERT INTO tenant (name, slug, status) VALUES ($1, lower($1), 'approved') RETURNING id`, [name]);
  const tenantId = await addTenant('Umoja');
  const addRouter = (o: RouterInput): Promise<string> =>
    idOf(
      `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type, message_authenticator)
       VALUES ($1, $2, 'r', $3, $4, $5, $6) RETURNING id`,
      [
        o.tenantId ?? tenantId,
        o.address,
        o.address,
        o.secret ?? homeRouter.secret,
        o.type ?? 'mikrotik',
        o.policy ?? 'auto',
      ],
    );
  await addRouter(homeRouter);
  const radius = await through(db.urls.radius);
  const freeradius = await startTestFreeradius({ db: { ...db, urls: { ...db.urls, radius } } });
  return {
    db,
    owner,
    freeradius,
    tenantId,
    addTenant,
    addRouter,
    sql,
    addSubscription: (o) => insertSubscription(idOf, tenantId, o),
    addSession: async (subscriptionId, o) => {
      await sql(
        `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, calling_station_id, mac, started_at, updated_at, received_at)
         SELECT s.tenant_id, n.id, md5(random()::text), s.id, s.username, n.nasname::inet, $2, $2, t, t, t
         FROM subscription s JOIN nas n ON n.nasname = $3, LATERAL (SELECT lango_now() - make_interval(secs => $4) AS t) at
         WHERE s.id = $1`,
        [subscriptionId, o.mac, o.address ?? homeRouter.address, o.heardAgo_s ?? 1],
      );
    },
    ask: (o) => ask(freeradius.authPort, o),
    reasonOf: async (username) => {
      const before = Date.now();
      for (;;) {
        const rows = await sql<{ reason: string }>(
          'SELECT reason FROM radpostauth WHERE username = $1 ORDER BY id DESC LIMIT 1',
          [username],
        );
        if (rows[0]) return rows[0].reason;
        if (Date.now() - before > 5000) throw new Error(`no answer to ${username} came into radpostauth`);
        await new Promise((done) => setTimeout(done, 100));
      }
    },
    end: async () => {
      await freeradius.stop();
      await owner.end().catch(() => undefined);
      await db.drop();
    },
  };
}

type IdOf = (text: string, values: unknown[]) => Promise<string>;
let plans = 0;

async function insertSubscription(idOf: IdOf, home: string, o: SubscriptionInput): Promise<string> {
  const tenantId = o.tenantId ?? home;
  const columns = {
    price_cents: 1000,
    currency: 'KES',
    validity_count: 30,
    validity_unit: 'day',
    down_kbps: 10_000,
    up_kbps: 5_000,
    ...o.plan,
  } as Record<string, unknown>;
  const names = Object.keys(columns);
  const planId = await idOf(`INSERT INTO plan (tenant_id, name, kind) VALUES ($1, $2, 'pppoe') RETURNING id`, [
    tenantId,
    `Plan ${(plans += 1)}`,
  ]);
  const versionId = await idOf(
    `INSERT INTO plan_version (tenant_id, plan_id, version, ${names.join(', ')})
     VALUES ($1, $2, 1, ${names.map((_, i) => `$${i + 3}`).join(', ')}) RETURNING id`,
    [tenantId, planId, ...Object.values(columns)],
  );
  const subscriberId = await idOf(
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Asha', '+254700000001') RETURNING id`,
    [tenantId],
  );
  const pending = o.status === 'pending';
  const id = await idOf(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no, quota_bytes, topup_bytes, mac_lock, static_ip)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN NULL ELSE lango_now() - interval '40 days' END,
             CASE WHEN $6 THEN NULL ELSE lango_now() + make_interval(secs => $7) END, 1, $8, $9, $10, $11) RETURNING id`,
    [
      ...[tenantId, subscriberId, versionId, o.username, o.status === 'ended' ? 'active' : (o.status ?? 'active')],
      ...[
        pending,
        o.expiresIn_s ?? 86_400,
        columns['quota_bytes'] ?? null,
        o.topupBytes ?? 0,
        o.macLock ?? null,
        o.staticIp ?? null,
      ],
    ],
  );
  await idOf(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value) VALUES ($1, $2, 'Cleartext-Password', ':=', $3) RETURNING id`,
    [tenantId, o.username, o.password ?? 'sesame'],
  );
  await idOf(
    `INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at, input_bytes, output_bytes)
     VALUES ($1, 1, $2, lango_now(), 0, $3) RETURNING subscription_id AS id`,
    [id, tenantId, o.usedBytes ?? 0],
  );
  if (o.status === 'ended') await idOf(`UPDATE subscription SET status = 'ended' WHERE id = $1 RETURNING id`, [id]);
  return id;
}

const services = { ppp: [2, 15], hotspot: [1, 19], dhcp: [undefined, 15] } as const;
let identifier = 0;

async function ask(port: number, o: Ask): Promise<Answered> {
  const secret = Buffer.from(o.secret ?? homeRouter.secret);
  const name = Buffer.isBuffer(o.username) ? o.username : Buffer.from(o.username);
  const credentials =
    o.method === 'none' ? undefined : makeCredentials(o.method ?? 'pap', name, o.password ?? 'sesame', Math.random);
  const request = PacketBuilder.request(Code.AccessRequest, (identifier += 1) & 255);
  const [service, port_type] = services[o.service ?? 'ppp'];
  if (service !== undefined) add(request, 'Service-Type', service);
  add(request, 'NAS-Port-Type', port_type);
  addBytes(request, 'User-Name', name);
  add(request, 'Calling-Station-Id', o.station ?? 'AA:BB:CC:00:00:01');
  credentials?.addTo(request, secret);
  add(request, 'NAS-Identifier', 'tower-1');
  if (o.proxyState) request.add(0, 33, Buffer.from('hop'));
  if (o.signed) request.addMessageAuthenticator();
  const sent = request.seal(secret);
  const outcome = await exchange(sent, {
    host: '127.0.0.1',
    port,
    secret,
    sourceAddress: o.from ?? homeRouter.address,
    timeout_ms: o.timeout_ms ?? 1500,
    tries: o.tries ?? 1,
    requireMessageAuthenticator: true,
  });
  if (outcome.kind === 'timeout') return { code: 'none', reply: {}, names: [] };
  const attributes = listAttributes(outcome.reply);
  const accepted = outcome.reply.code === Code.AccessAccept;
  return {
    code: accepted ? 'accept' : 'reject',
    reply: Object.fromEntries(attributes.map(({ attribute, value }) => [attribute, value])),
    names: attributes.map(({ attribute }) => attribute),
    objection: accepted ? credentials?.objection(outcome.reply, new Packet(sent), secret) : undefined,
  };
}
