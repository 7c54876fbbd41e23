import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCompany } from '../tenants';
import { apiClient, type ApiClient } from './api-client';
import { createTestDatabase, type TestDatabase } from './database';
import { SimulatedMikrotik, type RouterOptions } from './mikrotik';
import { firstAdmin, startProgram } from './program';
import { radclient, type RadclientAnswer } from './radclient';
import { make, unique, type Json } from './story';
import { until } from './until';

/** A router of a company: the simulated device, its id in the API and what `POST /routers` was told. */
export interface KnownRouter {
  device: SimulatedMikrotik;
  id: string;
  secret: string;
}

/** The whole product, started from dist/ in processes of its own as `lango start` does, seen from outside alone. */
export interface Whole {
  db: TestDatabase;
  baseUrl: string;
  authPort: number;
  acctPort: number;
  dataDir: string;
  /** Signed in as the administrator that the first start made. */
  api: ApiClient;
  /** All that the processes have printed. */
  output(): string;
  /** Signs in. @throws unless the answer is 200 */
  signIn(email: string, password: string): Promise<ApiClient>;
  /** One more company, with its administrator signed in. */
  addCompany(name: string): Promise<ApiClient>;
  /** Switches a simulated router on, takes it in through the API and waits until a login of it is answered. */
  addRouter(options?: Partial<RouterOptions>, fields?: Json, api?: ApiClient): Promise<KnownRouter>;
  /** Debian's radclient with these attribute lines, sent from a router's address; to FreeRADIUS unless another port is given. */
  radclient(from: KnownRouter, attributes: Record<string, string>, port?: number): Promise<RadclientAnswer>;
  stop(): Promise<void>;
}

let addresses = 0;

/** Starts everything on a database of its own and waits for /readyz. Call stop() in afterAll. TEST_LOG=info shows what is printed. */
export async function startWhole(settings: Record<string, string> = {}): Promise<Whole> {
  const db = await createTestDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-whole-'));
  // FreeRADIUS runs as a user of its own and must get through.
  chmodSync(dataDir, 0o711);
  const program = await startProgram(dataDir, {
    DATABASE_URL: db.ownerUrl,
    LANGO_MASTER_KEY: db.masterKey.toString('base64'),
    ...settings,
  });
  const { baseUrl, authPort, acctPort } = program;
  const end = async (): Promise<void> => {
    await program.end();
    rmSync(dataDir, { recursive: true, force: true });
    await db.drop();
  };
  const routers: SimulatedMikrotik[] = [];
  const signIn = async (email: string, password: string): Promise<ApiClient> => {
    const answer = await apiClient(baseUrl).post<{ token: string }>('/auth/login', { email, password });
    if (answer.status !== 200) throw new Error(`Sign-in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return apiClient(baseUrl, answer.body.token);
  };
  try {
    await program.ready();
    const api = await signIn(firstAdmin.email, firstAdmin.password);
    return {
      db,
      baseUrl,
      authPort,
      acctPort,
      dataDir,
      api,
      output: () => program.output(),
      signIn,
      async addCompany(name) {
        const email = `${unique('admin')}@lango.example`;
        const who = { email, name: 'Second Admin', password: firstAdmin.password };
        await createCompany(db.ownerUrl, { name, timezone: 'Africa/Nairobi', admin: who });
        return signIn(email, firstAdmin.password);
      },
      async addRouter(options = {}, fields = {}, of = api) {
        const router = await addRouter(of, { authPort, acctPort }, options, fields);
        routers.push(router.device);
        return router;
      },
      radclient: ({ device, secret }, attributes, port = authPort) =>
        radclient(port, { address: device.address, secret }, attributes),
      async stop() {
        await Promise.all(routers.map((router) => router.close()));
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function addRouter(
  api: ApiClient,
  ports: { authPort: number; acctPort: number },
  options: Partial<RouterOptions>,
  fields: Json,
): Promise<KnownRouter> {
  addresses += 1;
  const address = options.address ?? `127.60.${process.pid % 250}.${addresses}`;
  const secret = options.secret ?? unique('s3cret');
  // It must listen before its CoA port can be told.
  const device = await SimulatedMikrotik.start({
    identity: unique('tower'),
    timeout_ms: 1000,
    accountingOn: false,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', ...ports }],
    ...options,
    address,
    secret,
  });
  try {
    const told = { name: device.identity, address, secret, type: 'mikrotik', coa_port: device.coaPort, ...fields };
    const made = await make(api, '/routers', told);
    await until(
      () => device.connectPppoe({ username: 'nobody-at-all', password: 'x', authentication: 'pap' }),
      (login) => login.kind === 'rejected',
      10_000,
    );
    return { device, id: String(made['id']), secret };
  } catch (error) {
    await device.close();
    throw error;
  }
}
