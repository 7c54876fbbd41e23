import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { add } from '../../radius/attributes';
import { Code, Packet, PacketBuilder } from '../../radius/packet';
import { startRadsec, type Radsec } from '../../radius/radsec';
import { RadsecRouter, type RadsecRouterOptions } from '../../radius/testing/radsec-client';
import { createSecretBox } from '../platform/crypto';
import { createLog } from '../platform/log';
import { AUTHORITY_KEY, ensureAuthority, NO_COMPANY } from '../radsec';
import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeCredentials } from '../test-kit/mikrotik/credentials';
import { make, makeRouter, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

export const radsecSecret = Buffer.from('radsec');

/** Lango's web part, listener and enforcer, a real FreeRADIUS, and the RadSec front before them. */
export interface RadsecWorld {
  lango: TestLango;
  freeradius: TestFreeradius;
  front: Radsec;
  /** A router with a fresh certificate; FreeRADIUS, listener and front know it when this returns. */
  router(fields?: Json): Promise<Holder>;
  /** Connects with what `issue` gave. */
  connect(holder: Holder, o?: Partial<RadsecRouterOptions>): Promise<RadsecRouter>;
  end(): Promise<void>;
}

/** What a router keeps. */
export interface Holder {
  id: string;
  certificateId: string;
  cert: string;
  key: string;
  ca: string;
}

/** Whether this machine speaks IPv6 with itself. */
export const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

/** Starts everything on free ports. `parts` beside web. FreeRADIUS and the front listen on `bind`. */
export async function startRadsecWorld(
  parts: ('accounting' | 'enforcer')[] = ['accounting', 'enforcer'],
  bind = '127.0.0.1',
): Promise<RadsecWorld> {
  const lango = await startTestLango({ parts });
  const secrets = createSecretBox(lango.db.masterKey);
  await ensureAuthority(async (sql, values) => ({ rows: await lango.asOwner(sql, values) }), secrets, [
    'localhost',
    '127.0.0.1',
    ...(bind === '::' ? ['::1'] : []),
  ]);
  const freeradius = await startTestFreeradius({ db: lango.db, bind });
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-radsec-'));
  const front = await startRadsec({
    databaseUrl: lango.db.urls.radsec,
    bind,
    port: 0,
    behind: '127.0.0.1',
    authPort: freeradius.authPort,
    acctPort: lango.acctPort,
    dataDir,
    openKey: (sealed) => secrets.open(AUTHORITY_KEY, NO_COMPANY, sealed),
    log: createLog('radsec', process.env['TEST_LOG'] ?? 'silent'),
  });
  const connect = (holder: Holder, o: Partial<RadsecRouterOptions> = {}): Promise<RadsecRouter> =>
    RadsecRouter.connect({
      host: '127.0.0.1',
      port: front.port,
      ca: holder.ca,
      cert: holder.cert,
      key: holder.key,
      ...o,
    });
  return {
    lango,
    freeradius,
    front,
    connect,
    async router(fields = {}) {
      const made = await makeRouter(lango.api, fields);
      const holder = await issue(lango, made['id'] as string);
      await until(
        async () => {
          const router = await connect(holder).catch(() => undefined);
          const alive = await router?.ask(status(), 1000);
          router?.close();
          return alive !== undefined;
        },
        (alive) => alive,
        15_000,
      );
      return holder;
    },
    async end() {
      await front.stop();
      await freeradius.stop();
      await lango.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Issues a certificate by the API. */
export async function issue(lango: TestLango, routerId: string, body: Json = {}): Promise<Holder> {
  const issued = await make(lango.api, `/routers/${routerId}/certificate`, body);
  return {
    id: routerId,
    certificateId: issued['id'] as string,
    cert: issued['certificate_pem'] as string,
    key: issued['key_pem'] as string,
    ca: issued['ca_pem'] as string,
  };
}

let identifier = 0;
const nextId = (): number => (identifier = (identifier + 1) & 255);

export function status(id = nextId()): Buffer {
  return PacketBuilder.request(Code.StatusServer, id).addMessageAuthenticator().seal(radsecSecret);
}

export interface Login {
  username: string;
  password?: string;
  method?: 'pap' | 'chap' | 'mschap2';
  id?: number;
}

/** What a login got: `objection` is what the router finds wrong with an Accept (keys, proof of the server). */
export async function login(
  router: RadsecRouter,
  { username, password = 'open-sesame', method = 'pap', id = nextId() }: Login,
): Promise<{ code: 'accept' | 'reject' | 'none'; objection?: string | undefined; reply?: Packet }> {
  const request = PacketBuilder.request(Code.AccessRequest, id);
  add(request, 'Service-Type', 2);
  add(request, 'NAS-Port-Type', 15);
  add(request, 'User-Name', username);
  add(request, 'Calling-Station-Id', 'AA:BB:CC:00:00:01');
  const credentials = makeCredentials(method, Buffer.from(username), password, Math.random);
  credentials.addTo(request, radsecSecret);
  const sent = request.addMessageAuthenticator().seal(radsecSecret);
  const asked = new Packet(Buffer.from(sent));
  const reply = await router.ask(sent);
  if (!reply) return { code: 'none' };
  const accepted = reply.code === Code.AccessAccept;
  return {
    code: accepted ? 'accept' : 'reject',
    reply,
    objection: accepted ? credentials.objection(reply, asked, radsecSecret) : undefined,
  };
}

export interface Report {
  status: 'Start' | 'Interim-Update' | 'Stop';
  session: string;
  username: string;
  input?: number;
  output?: number;
  seconds?: number;
  class?: Buffer | undefined;
  id?: number;
}

/** An Accounting-Request as RouterOS sends it. */
export function report(o: Report): Buffer {
  const request = PacketBuilder.request(Code.AccountingRequest, o.id ?? nextId());
  add(request, 'Acct-Status-Type', { Start: 1, Stop: 2, 'Interim-Update': 3 }[o.status]);
  add(request, 'Acct-Session-Id', o.session);
  add(request, 'User-Name', o.username);
  add(request, 'NAS-Identifier', 'behind-the-front');
  add(request, 'Framed-IP-Address', '10.9.0.7');
  add(request, 'Acct-Session-Time', o.seconds ?? 0);
  add(request, 'Acct-Input-Octets', o.input ?? 0);
  add(request, 'Acct-Output-Octets', o.output ?? 0);
  if (o.class) request.add(0, 25, o.class);
  return request.seal(radsecSecret);
}
