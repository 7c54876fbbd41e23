import { createHash } from 'node:crypto';
import { Client } from 'pg';
import type { EapCertificates } from '../../freeradius-config/eap';
import { add, addBytes, listAttributes } from '../../radius/attributes';
import { Code, Packet, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { makeCredentials } from '../test-kit/mikrotik/credentials';
import {
  insertCompany,
  insertRouter,
  insertSubscription,
  insertVoucher,
  type RouterRow,
  type SubscriptionRow,
} from '../test-kit/rows';

export type RouterInput = RouterRow & { tenantId?: string };

/** Of another company where its id is given. The password is `sesame` unless said otherwise. */
export type SubscriptionInput = SubscriptionRow & { tenantId?: string };

export interface Ask {
  username: string | Buffer;
  password?: string;
  method?: 'pap' | 'chap' | 'mschap1' | 'mschap2' | 'none';
  service?: 'ppp' | 'hotspot' | 'dhcp';
  /** Calling-Station-Id; each name has a device of its own unless said otherwise, so that no test looks like one device guessing names. */
  station?: string;
  from?: string;
  secret?: string;
  signed?: boolean;
  proxyState?: boolean;
  /** What a hotspot page adds to the request (RouterOS' radius<id> fields), before or after what the router says itself. */
  forged?: { first?: Forgery; last?: Forgery };
  tries?: number;
  timeout_ms?: number;
}

/** Attributes by number: [vendor or 0, number, value]. */
export type Forgery = readonly (readonly [vendor: number, number: number, value: Buffer])[];

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
  /** A voucher that was never used; columns of its plan version as in SubscriptionRow. Gives the code. */
  addVoucher(plan?: Record<string, unknown>, tenantId?: string): Promise<string>;
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

/**
 * @param through gives FreeRADIUS another way to the database than the straight one
 * @param certificates for 802.1X
 */
export async function createAccessWorld(
  through = async (url: string) => url,
  certificates?: EapCertificates,
): Promise<AccessWorld> {
  const db = await createTestDatabase();
  const owner = new Client({ connectionString: db.ownerUrl });
  // A test may end every connection of the database; this one is then not needed any more.
  owner.on('error', () => undefined);
  await owner.connect();
  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query<Row>(text, values)).rows;
  const addTenant = (name: string): Promise<string> => insertCompany(owner, name);
  const tenantId = await addTenant('Umoja');
  const addRouter = (o: RouterInput): Promise<string> =>
    insertRouter(owner, o.tenantId ?? tenantId, { secret: homeRouter.secret, ...o });
  await addRouter(homeRouter);
  const radius = await through(db.urls.radius);
  const freeradius = await startTestFreeradius({ db: { ...db, urls: { ...db.urls, radius } }, certificates });
  return {
    db,
    owner,
    freeradius,
    tenantId,
    addTenant,
    addRouter,
    sql,
    addSubscription: (o) =>
      insertSubscription(owner, o.tenantId ?? tenantId, {
        password: 'sesame',
        usedBytes: 0,
        startedAgo_s: 40 * 86_400,
        ...o,
      }),
    addVoucher: (plan, other) => insertVoucher(owner, other ?? tenantId, plan),
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

const services = { ppp: [2, 15], hotspot: [1, 19], dhcp: [undefined, 15] } as const;
let identifier = 0;

/** A device for a name: the same one each time. */
export function deviceOf(name: string | Buffer): string {
  const hex = createHash('sha256').update(name).digest('hex').slice(0, 10).toUpperCase();
  return `AA:${(hex.match(/../g) ?? []).join(':')}`;
}

/** One login as a router sends it, to FreeRADIUS on this port of 127.0.0.1, and what came of it. */
export async function exchangeLogin(port: number, o: Ask) {
  const secret = Buffer.from(o.secret ?? homeRouter.secret);
  const name = Buffer.isBuffer(o.username) ? o.username : Buffer.from(o.username);
  const credentials =
    o.method === 'none' ? undefined : makeCredentials(o.method ?? 'pap', name, o.password ?? 'sesame', Math.random);
  const request = PacketBuilder.request(Code.AccessRequest, (identifier += 1) & 255);
  const [service, port_type] = services[o.service ?? 'ppp'];
  for (const [vendor, number, value] of o.forged?.first ?? []) request.add(vendor, number, value);
  if (service !== undefined) add(request, 'Service-Type', service);
  add(request, 'NAS-Port-Type', port_type);
  addBytes(request, 'User-Name', name);
  add(request, 'Calling-Station-Id', o.station ?? deviceOf(name));
  credentials?.addTo(request, secret);
  add(request, 'NAS-Identifier', 'tower-1');
  for (const [vendor, number, value] of o.forged?.last ?? []) request.add(vendor, number, value);
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
  return { outcome, objection: (reply: Packet) => credentials?.objection(reply, new Packet(sent), secret) };
}

/** The same, read. */
export async function ask(port: number, o: Ask): Promise<Answered> {
  const { outcome, objection } = await exchangeLogin(port, o);
  if (outcome.kind === 'timeout') return { code: 'none', reply: {}, names: [] };
  const attributes = listAttributes(outcome.reply);
  const accepted = outcome.reply.code === Code.AccessAccept;
  return {
    code: accepted ? 'accept' : 'reject',
    reply: Object.fromEntries(attributes.map(({ attribute, value }) => [attribute, value])),
    names: attributes.map(({ attribute }) => attribute),
    objection: accepted ? objection(outcome.reply) : undefined,
  };
}
