import { readFileSync, readdirSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProduct, type Product } from '../cli/prove/product';
import { apiClient } from '../test-kit/api-client';
import { scenarios, startDaraja, type Push, type Scenario, type SimulatedDaraja } from '../test-kit/daraja';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { SimulatedMikrotik } from '../test-kit/mikrotik';
import { firstAdmin } from '../test-kit/program';
import { make, makePackage, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

/** The whole product as it is started, with its own Postgres, at M-Pesa and a carrier of messages that live in this process: all logs at their most talkative. */
const secrets = {
  consumer_secret: unique('planted-consumer-secret'),
  passkey: unique('planted-passkey'),
  carrier_key: unique('atsk_planted'),
  router_secret: unique('planted-radius-secret'),
  line_password: unique('planted-line-password'),
  wrong_line_password: unique('planted-wrong-line'),
  wrong_sign_in: unique('planted-wrong-sign-in'),
  pin: '48213957',
};
let daraja: SimulatedDaraja;
let carrier: FakeAfricasTalking;
let product: Product;
let router: SimulatedMikrotik;
let packageId: string;

beforeAll(async () => {
  daraja = await startDaraja({
    consumerSecret: secrets.consumer_secret,
    passkey: secrets.passkey,
    msisdnForm: 'plain',
  });
  carrier = await startAfricasTalking({ username: 'kisima', apiKey: secrets.carrier_key });
  product = await startProduct({
    LANGO_LOG_LEVEL: 'trace',
    LANGO_DARAJA_URL: daraja.baseUrl,
    LANGO_AFRICASTALKING_URL: carrier.url,
    LANGO_PUBLIC_URL: 'http://isp.example',
  });
  daraja.reach = product.baseUrl;
  const account = {
    environment: 'sandbox',
    consumer_key: daraja.options.consumerKey,
    consumer_secret: secrets.consumer_secret,
    shortcode: daraja.options.shortcode,
    passkey: secrets.passkey,
    type: 'paybill',
    per_second: 100,
  };
  expect((await product.api.put('/settings/payments/mpesa', account)).status).toBe(200);
  const messages = { username: 'kisima', api_key: secrets.carrier_key };
  expect((await product.api.put('/settings/messages/africastalking', messages)).status).toBe(200);
  router = await SimulatedMikrotik.start({
    identity: unique('tower'),
    address: `127.61.${process.pid % 250}.1`,
    secret: secrets.router_secret,
    timeout_ms: 1_000,
    accountingOn: false,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', authPort: product.authPort, acctPort: product.acctPort }],
  });
  await make(product.api, '/routers', {
    name: router.identity,
    address: router.address,
    secret: secrets.router_secret,
    type: 'mikrotik',
    coa_port: router.coaPort,
  });
  packageId = String((await makePackage(product.api))['id']);
  await until(
    () => router.connectPppoe({ username: 'nobody-at-all', password: 'x', authentication: 'pap' }),
    (login) => login.kind === 'rejected',
    20_000,
  );
}, 120_000);
afterAll(async () => {
  await router?.close();
  await product?.stop();
  await carrier?.stop();
  await daraja?.stop();
}, 60_000);
jest.setTimeout(120_000);

let people = 0;
/** Numbers that nothing else in a log looks like. */
const nextPhone = (): string => `07183645${String(10 + (people += 1))}`;
const phones: string[] = [];

/** A customer with a pending service, whose phone does this when it is prompted. */
async function customer(scenario: Scenario): Promise<{ sub: Json; phone: string }> {
  const phone = nextPhone();
  phones.push(phone);
  const client = await make(product.api, '/clients', { name: unique('Wanjiku'), phone });
  const sub = await make(product.api, '/subscriptions', {
    client_id: client['id'],
    package_id: packageId,
    username: unique('line'),
    password: secrets.line_password,
  });
  daraja.script(scenario, `254${phone.slice(1)}`);
  return { sub, phone };
}
const ask = async ({ sub, phone }: { sub: Json; phone: string }): Promise<Json> => {
  const wish = { subscription_id: sub['id'], phone, provider: 'mpesa' };
  const answer = await product.api.post<Json>('/billing/payments', wish);
  expect(answer.status).toBe(201);
  return answer.body;
};
const show = async (id: string): Promise<Json> => (await product.api.get<Json>(`/billing/payments/${id}`)).body;
const inState = (id: string, state: string): Promise<Json> =>
  until(
    () => show(id),
    (payment) => payment['state'] === state,
    60_000,
  );
const dial = (sub: Json, password: string, authentication: 'pap' | 'chap' | 'mschap2' = 'pap', mac?: string) =>
  router.connectPppoe({ username: sub['username'], password, authentication, ...(mac === undefined ? {} : { mac }) });
const pushOf = (phone: string): Push => {
  const push = daraja.pushes.find((one) => one.msisdn === `254${phone.slice(1)}`);
  if (!push) throw new Error('no prompt reached that phone');
  return push;
};
async function shiftClock(shift: string): Promise<void> {
  await product.ask('UPDATE platform_clock SET shift = $1::interval', [shift]);
  await product.ask('NOTIFY lango_clock');
  await product.ask(`SELECT job_enqueue('payments.work')`);
}

it('a provider that is silent for an hour ends in service once it speaks', async () => {
  const someone = await customer(scenarios.nothing);
  const login = await dial(someone.sub, secrets.line_password);
  if (login.kind !== 'online') throw new Error(`not in the garden: ${JSON.stringify(login)}`);
  const payment = await ask(someone);
  await inState(payment['id'], 'prompted');
  // The customer pays at once; the provider says nothing of it, and its answers stop altogether.
  daraja.pay(pushOf(someone.phone));
  daraja.silent = true;
  const asked = async (): Promise<number> =>
    (await show(payment['id']))['timeline'].filter((one: Json) => one['step'] === 'asked').length;
  for (const shift of ['70 seconds', '20 minutes', '61 minutes']) {
    const before = await asked();
    await shiftClock(shift);
    // As its router does every five minutes: a session that is not heard of is closed as gone, and there is nobody to be let out of the garden.
    await login.session.interim();
    // Whoever asks would wait for twenty seconds: the connections break instead, as those of a provider in trouble do.
    let over = false;
    const broken = (async () => {
      for (; !over; await sleep(200)) {
        await daraja.goDown();
        await daraja.comeBack();
      }
    })();
    await until(asked, (times) => times > before, 60_000).finally(() => (over = true));
    await broken;
  }
  expect((await show(payment['id']))['state']).not.toMatch(/settled|failed/);
  expect(login.session.live).toBe(true);
  daraja.silent = false;
  await shiftClock('2 hours 15 minutes');
  await login.session.interim();
  expect(await inState(payment['id'], 'settled')).toMatchObject({ outcome: 'activated', amount_cents: 10_000 });
  await until(
    async () => login.session.live,
    (live) => !live,
    30_000,
  );
  // The same device: its Stop may still be on the way into the books.
  const again = await dial(someone.sub, secrets.line_password, 'mschap2', login.session.identity.mac);
  expect(again).toMatchObject({
    kind: 'online',
    session: { entitlement: { rateLimit: expect.objectContaining({ down_bps: 10_000_000 }) } },
  });
  await shiftClock('0');
});

/** All that the product has written to be read by people, by file. */
function logs(): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (dir: string, wanted: (name: string) => boolean): void => {
    for (const name of existsSync(dir) ? readdirSync(dir) : []) {
      const path = join(dir, name);
      if (statSync(path).isDirectory()) walk(path, wanted);
      else if (wanted(name)) found.set(path, readFileSync(path, 'latin1'));
    }
  };
  const isLog = (name: string): boolean => /\.log(\.\d+)?$/.test(name);
  walk(join(product.dataDir, 'logs'), () => true);
  walk(product.dataDir, isLog);
  const moved = join(product.dataDir, 'freeradius/is-at');
  if (existsSync(moved)) walk(readFileSync(moved, 'utf8').trim(), isLog);
  return found;
}

/** What of the planted stands where: as it is, in base64, or as in an address. */
function leaks(planted: ReadonlyMap<string, string>, written: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [what, secret] of planted) {
    const forms = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), encodeURIComponent(secret)];
    for (const [path, text] of written) {
      const at = Math.max(...forms.map((form) => text.indexOf(form)));
      if (at >= 0) found.push(`${what} in ${path.split('/').at(-1)}: …${text.slice(Math.max(0, at - 200), at)}…`);
    }
  }
  return found;
}

it('no secret, number of a phone or PIN stands in any log, whatever was done and went wrong', async () => {
  // Each statement with all that it says, as a slow server's log would have it.
  await product.ask('ALTER SYSTEM SET log_min_duration_statement = 0');
  await product.ask('SELECT pg_reload_conf()');
  const planted = new Map<string, string>(Object.entries(secrets));
  planted.set('the administrator’s password', firstAdmin.password);
  planted.set('the token of a signed-in program', product.api.token ?? '');

  // Signing in, rightly and wrongly; a token that is made.
  await apiClient(product.baseUrl).post('/auth/login', { email: firstAdmin.email, password: secrets.wrong_sign_in });
  const made = await product.api.post<Json>('/tokens', { name: 'planted', scopes: ['payments.read'] });
  expect(made.status).toBe(201);
  planted.set('a token that was made', made.body['token']);

  // Lines with a right and a wrong password, in each way of telling it.
  const payer = await customer(scenarios.twice);
  for (const way of ['pap', 'chap', 'mschap2'] as const) {
    const right = await dial(payer.sub, secrets.line_password, way);
    if (right.kind === 'online') await right.session.logout();
    await dial(payer.sub, secrets.wrong_line_password, way);
  }

  // Money: told rightly and twice, forged, about nobody, in rubbish, by hand, at a provider that fails.
  planted.set('the address that M-Pesa calls', new URL(daraja.registered!.confirmation).pathname.split('/').at(-1)!);
  const paid = await ask(payer);
  await inState(paid['id'], 'settled');
  const doubted = await customer(scenarios.nothing);
  const open = await ask(doubted);
  await inState(open['id'], 'prompted');
  const push = pushOf(doubted.phone);
  const forged: Push = { ...push, amount: 1, truth: { kind: 'paid', receipt: 'FORGED1234', at: new Date() } };
  await daraja.callback(forged);
  await daraja.callback(forged, undefined, `${product.baseUrl}/api/webhooks/mpesa-callback`);
  await daraja.callback({ ...forged, checkoutId: 'ws_CO_nobody' });
  await daraja.callback(push, () => `{"PIN":"${secrets.pin}","phone":"${doubted.phone}"`);
  await daraja.callback(push, (body) => ({ ...body, PIN: secrets.pin }), `${push.callbackUrl}0`);
  const msisdn = `254${doubted.phone.slice(1)}`;
  await daraja.confirm(daraja.payByHand({ msisdn, amount: 100, account: doubted.phone }));
  await daraja.confirm(daraja.payByHand({ msisdn, amount: 70, account: `pin ${secrets.pin}` }));
  for (const fault of ['html', 'locked', 'empty'] as const) {
    const unlucky = await customer(scenarios.nothing);
    daraja.failNext(fault);
    await ask(unlucky);
  }
  const refused = await product.api.post('/billing/payments', {
    subscription_id: payer.sub['id'],
    phone: `${doubted.phone}x${secrets.pin}`,
    provider: 'mpesa',
  });
  expect(refused.status).toBe(422);

  // A carrier that refuses, then Postgres that dies under requests which hold all of it.
  await product.api.put('/settings/messages/africastalking', {
    username: 'kisima',
    api_key: `${secrets.carrier_key}-wrong`,
  });
  const last = await customer(scenarios.success);
  const postgres = product.processes().find((one) => one.name === 'postgres');
  const busy = Array.from({ length: 20 }, () =>
    product.api.post('/clients', { name: 'Atieno', phone: last.phone, notes: secrets.pin }).catch(() => undefined),
  );
  if (postgres) process.kill(postgres.pid, 'SIGKILL');
  await Promise.all(busy);
  await product.ready();
  await ask(last).then((one) => inState(one['id'], 'settled'));
  await until(
    async () => carrier.sent.length,
    (n) => n > 0,
    30_000,
  );
  for (const [n, phone] of phones.entries()) planted.set(`phone ${n}`, phone.slice(1));
  for (const { headers } of daraja.requests) {
    const token = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1];
    if (token) planted.set('a token of M-Pesa', token);
  }

  const written = logs();
  // It was looked at where there was something to see.
  const said = (name: string): string => [...written].find(([path]) => path.endsWith(`/${name}`))?.[1] ?? '';
  for (const name of ['web.log', 'jobs.log', 'enforcer.log'])
    expect([name, said(name).includes('"part"')]).toEqual([name, true]);
  expect(said('postgres.log').includes('INSERT INTO payment_notice')).toBe(true);
  expect([...written.keys()].map((path) => path.split('/').at(-1))).toContain('freeradius.log');
  for (const [what, secret] of planted) expect([what, secret.length > 7]).toEqual([what, true]);
  expect(leaks(planted, written)).toEqual([]);
  // It finds what is there.
  const text = `{"phone":"254${phones[0]?.slice(1)}","key":"${Buffer.from(secrets.passkey).toString('base64')}"}`;
  expect(leaks(planted, new Map([['made.log', text]]))).toHaveLength(2);
});
