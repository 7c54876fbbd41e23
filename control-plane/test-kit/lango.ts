import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAccounting } from '../../radius/accounting';
import { startEnforcer } from '../../radius/enforcer';
import { startJobs } from '../jobs';
import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { createLog, type Log } from '../platform/log';
import type { HealthExpectations } from '../health';
import { createCompany, type CreatedCompany } from '../tenants';
import { startWeb } from '../web';
import { apiClient, type ApiClient } from './api-client';
import { createTestDatabase, type TestDatabase } from './database';
import { runSql } from './sql';

/** A signed-in administrator of a company made for a test. */
export interface TestCompany extends CreatedCompany {
  name: string;
  email: string;
  password: string;
  api: ApiClient;
}

/** Lango's web part, and the others that were asked for, in this process, on free ports and a database. */
export interface TestLango {
  db: TestDatabase;
  baseUrl: string;
  /** UDP port of the accounting listener, where one was asked for; 0 otherwise. */
  acctPort: number;
  /** Signed in as the administrator of `company`. */
  api: ApiClient;
  company: TestCompany;
  /** One more company with an administrator of its own. */
  addCompany(name?: string): Promise<TestCompany>;
  /** Signs somebody in and gives their client. @throws when that is refused */
  signIn(email: string, password: string): Promise<ApiClient>;
  /** Gives the company's administrator another of the built-in roles; in force with the next request. */
  setRole(company: TestCompany, role: string): Promise<void>;
  /** One statement as the database's owner, past row-level security. */
  asOwner<Row extends object = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

export interface TestLangoOptions {
  /** Use this database and leave it standing; otherwise one is made and dropped. */
  db?: TestDatabase;
  health?: HealthExpectations;
  apiRatePerMinute?: number;
  publicUrl?: string;
  trustedProxies?: string[];
  /** Private networks that webhooks may be sent into, for a receiver of the test's own. */
  insecureWebhookNetworks?: readonly string[];
  /** Base URLs of foreign services: simulators of the test's own. */
  urls?: Config['urls'];
  /** Parts to run beside web. The whole product from dist/, with FreeRADIUS, is test-kit/whole.ts. */
  parts?: ('jobs' | 'enforcer' | 'accounting')[];
}

const PASSWORD = 'gate-keeper-7';
let companies = 0;

/** Starts web, and what `parts` names, for a test. Call stop() in afterAll. TEST_LOG=debug shows what it logs. */
export async function startTestLango(options: TestLangoOptions = {}): Promise<TestLango> {
  const db = options.db ?? (await createTestDatabase());
  const web = await startWeb({
    databaseUrl: db.urls.web,
    masterKey: db.masterKey,
    bind: '127.0.0.1',
    port: 0,
    publicUrl: options.publicUrl ?? 'http://127.0.0.1',
    trustedProxies: options.trustedProxies ?? [],
    apiRatePerMinute: options.apiRatePerMinute ?? 100_000,
    health: options.health ?? { heartbeats: [] },
    log: testLog('web'),
    strictUi: true,
  });
  const others = await startOthers(db, options);
  const baseUrl = `http://127.0.0.1:${web.port}`;
  const signIn = async (email: string, password: string): Promise<ApiClient> => {
    const answer = await apiClient(baseUrl).post<{ token: string }>('/auth/login', { email, password });
    if (answer.status !== 200)
      throw new Error(`Sign-in of ${email} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return apiClient(baseUrl, answer.body.token);
  };
  const addCompany = async (name = `Company ${(companies += 1)}`): Promise<TestCompany> => {
    const email = `admin-${(companies += 1)}-${process.pid}@example.net`;
    const made = await createCompany(db.ownerUrl, {
      name,
      timezone: 'Africa/Nairobi',
      admin: { email, name: 'Amina Admin', password: PASSWORD },
    });
    return { ...made, name, email, password: PASSWORD, api: await signIn(email, PASSWORD) };
  };
  const asOwner = <Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> =>
    runSql<Row>(db.ownerUrl, sql, values);
  const company = await addCompany();
  return {
    db,
    baseUrl,
    acctPort: others.acctPort,
    api: company.api,
    company,
    addCompany,
    signIn,
    asOwner,
    async setRole(who, role) {
      await asOwner(
        'UPDATE staff SET role_id = (SELECT id FROM staff_role WHERE key = $2 AND tenant_id IS NULL) WHERE id = $1',
        [who.staffId.toString(), role],
      );
    },
    async stop() {
      await Promise.all([web.stop(), others.stop()]);
      if (!options.db) await db.drop();
    },
  };
}

const testLog = (part: string): Log => createLog(part, process.env['TEST_LOG'] ?? 'silent');

async function startOthers(
  db: TestDatabase,
  { parts = [], insecureWebhookNetworks = [], urls = {}, publicUrl = 'http://127.0.0.1' }: TestLangoOptions,
): Promise<{ acctPort: number; stop(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-test-'));
  const running: { stop(): Promise<void> }[] = [];
  let acctPort = 0;
  if (parts.includes('jobs'))
    running.push(
      await startJobs({
        databaseUrl: db.urls.jobs,
        masterKey: db.masterKey,
        insecureWebhookNetworks,
        urls,
        publicUrl,
        dataDir,
        log: testLog('jobs'),
      }),
    );
  if (parts.includes('enforcer'))
    running.push(
      await startEnforcer({
        databaseUrl: db.urls.enforcer,
        bind: '0.0.0.0',
        openApiPassword: (tenantId, sealed) => createSecretBox(db.masterKey).open('nas.api_password', tenantId, sealed),
        log: testLog('enforcer'),
      }),
    );
  if (parts.includes('accounting')) {
    const accounting = await startAccounting({
      databaseUrl: db.urls.accounting,
      bind: '127.0.0.1',
      port: 0,
      dataDir,
      log: testLog('accounting'),
      workers: 0,
      // What a test has had answered is in the database, also on a busy machine, and not on the disk.
      patience_ms: 10_000,
    });
    acctPort = accounting.port;
    running.push(accounting);
  }
  return {
    acctPort,
    async stop() {
      await Promise.all(running.map((part) => part.stop()));
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
