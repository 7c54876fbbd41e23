import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { nearestName } from './nearest-name';
import { projectRoot } from './project-root';

const port = z.coerce.number('must be a port number').int().min(1).max(65535, 'must be a port number from 1 to 65535');
const address = z.string().refine((value) => isIP(value) > 0, 'must be an IP address');
const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((url) => url.replace(/\/$/, ''));
const flag = z.stringbool({ error: 'must be 1 or 0' });
const timezone = z.string().refine(isTimezone, 'must be a time zone like Africa/Nairobi');
const list = z.string().transform((value) => value.split(/[\s,]+/).filter((item) => item !== ''));
const network = z.string().refine((text) => {
  const [, base = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  return (isIP(base) === 4 && Number(bits) <= 32) || (isIP(base) === 6 && Number(bits) <= 128);
}, 'must be networks like 10.0.0.0/8, with blanks or commas between them');
const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/[^/]+\/[^/?]+/, 'must look like postgresql://user:password@host:5432/database');

/** Every setting, by its name in the environment. Each may also be given as NAME_FILE, the path of a file holding it. */
const settings = {
  DATABASE_URL: postgresUrl.optional(),
  LANGO_DATA: z.string().optional(),
  LANGO_BIND: address.default('0.0.0.0'),
  LANGO_AUTH_PORT: port.default(1812),
  LANGO_ACCT_PORT: port.default(1813),
  LANGO_RADSEC_BIND: address.optional(),
  LANGO_RADSEC_PORT: port.default(2083),
  LANGO_HTTP_BIND: address.default('127.0.0.1'),
  LANGO_HTTP_PORT: port.default(3000),
  LANGO_PUBLIC_URL: webUrl.optional(),
  LANGO_TRUSTED_PROXIES: list.default([]),
  LANGO_MASTER_KEY: z
    .string()
    .min(16, 'must have at least 16 characters; make one with: openssl rand -hex 32')
    .optional(),
  LANGO_DEMO: flag.optional(),
  LANGO_ADMIN_EMAIL: z.email('must be an e-mail address').default('admin@lango.local'),
  LANGO_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  LANGO_TIMEZONE: timezone.default('Africa/Nairobi'),
  LANGO_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LANGO_SNAPSHOT_HOURS: z.coerce
    .number('must be a whole number')
    .int()
    .min(1)
    .max(168, 'must be 168 (a week) or less')
    .default(24),
  LANGO_API_RATE: z.coerce.number('must be a whole number').int().min(1).default(600),
  LANGO_INSECURE_WEBHOOK_NETWORKS: list.pipe(z.array(network)).default([]),
  LANGO_DARAJA_URL: webUrl.optional(),
  LANGO_FAMILYBANK_URL: webUrl.optional(),
  LANGO_STRIPE_URL: webUrl.optional(),
  LANGO_AFRICASTALKING_URL: webUrl.optional(),
  LANGO_TWILIO_URL: webUrl.optional(),
  LANGO_SENDGRID_URL: webUrl.optional(),
  LANGO_RESEND_URL: webUrl.optional(),
  LANGO_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp or smtps URL' }).optional(),
  // Set by the supervisor for the process of one role: that role's own login and nothing more powerful.
  LANGO_PART_DATABASE_URL: postgresUrl.optional(),
  // Set by the supervisor too: the roles that run beside this one on this host.
  LANGO_PART_ROLES: list.default([]),
};
const schema = z.object(settings);
type Settings = z.infer<typeof schema>;

/** Names an operator may set. */
export const settingNames: readonly string[] = Object.keys(settings).filter((name) => !name.startsWith('LANGO_PART_'));

/** The settings of this process, parsed once. */
export interface Config {
  /** A database whose user may create roles and schemas; undefined means the embedded Postgres. */
  databaseUrl: string | undefined;
  /** The login of one role, in a process that the supervisor started. */
  partDatabaseUrl: string | undefined;
  /** What else the supervisor runs on this host; empty in a process that nobody supervises. */
  partRoles: string[];
  dataDir: string;
  bind: string;
  authPort: number;
  acctPort: number;
  /** LANGO_BIND unless it is set by itself: `::` takes routers of both families. */
  radsecBind: string;
  radsecPort: number;
  httpBind: string;
  httpPort: number;
  publicUrl: string;
  trustedProxies: string[];
  /** 32 bytes; undefined until first-start.ts has made one (see master-key.ts). */
  masterKey: Buffer | undefined;
  demo: boolean;
  adminEmail: string;
  adminPassword: string | undefined;
  timezone: string;
  logLevel: Settings['LANGO_LOG_LEVEL'];
  apiRatePerMinute: number;
  /** A FreeRADIUS host answers from its snapshot for this long without the database. */
  snapshotHours: number;
  /** Private networks that webhooks may be sent into, without TLS too; otherwise only public addresses by https. */
  insecureWebhookNetworks: string[];
  /** Base URLs of foreign services where they differ from the real ones. */
  urls: Partial<Record<ForeignService, string>>;
}

export type ForeignService =
  'daraja' | 'familybank' | 'stripe' | 'africastalking' | 'twilio' | 'sendgrid' | 'resend' | 'smtp';

/** The settings are wrong: the message lists each fault with its remedy and is meant for the operator as it stands. */
export class ConfigError extends Error {}

/**
 * Reads the settings from an environment. An empty value counts as unset.
 * @throws ConfigError for an unknown LANGO_ name (naming the nearest known one), an unreadable *_FILE, or a wrong value
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = gather(env);
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}.`).join('\n'));
  }
  const config = shape(parsed.data);
  refuseClashes(config);
  return config;
}

function gather(env: NodeJS.ProcessEnv): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const fromFile = name.endsWith('_FILE');
    const setting = fromFile ? name.slice(0, -5) : name;
    if (!(setting in settings)) {
      if (name.startsWith('LANGO_'))
        throw new ConfigError(`Unknown setting ${name}. Did you mean ${nearestName(setting, settingNames)}?`);
      continue;
    }
    if (value === undefined || value === '') continue;
    if (setting in given) throw new ConfigError(`${setting} and ${setting}_FILE are both set. Keep one of them.`);
    given[setting] = fromFile ? readSetting(name, value) : value;
  }
  return given;
}

function readSetting(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(
      `${name} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}). Correct the path or its rights.`,
    );
  }
}

function shape(s: Settings): Config {
  const shownHost = s.LANGO_HTTP_BIND === '0.0.0.0' || s.LANGO_HTTP_BIND === '::' ? '127.0.0.1' : s.LANGO_HTTP_BIND;
  return {
    databaseUrl: s.DATABASE_URL,
    partDatabaseUrl: s.LANGO_PART_DATABASE_URL,
    partRoles: s.LANGO_PART_ROLES,
    dataDir: resolve(s.LANGO_DATA ?? join(projectRoot(), '.lango')),
    bind: s.LANGO_BIND,
    authPort: s.LANGO_AUTH_PORT,
    acctPort: s.LANGO_ACCT_PORT,
    radsecBind: s.LANGO_RADSEC_BIND ?? s.LANGO_BIND,
    radsecPort: s.LANGO_RADSEC_PORT,
    httpBind: s.LANGO_HTTP_BIND,
    httpPort: s.LANGO_HTTP_PORT,
    publicUrl:
      s.LANGO_PUBLIC_URL ?? `http://${isIP(shownHost) === 6 ? `[${shownHost}]` : shownHost}:${s.LANGO_HTTP_PORT}`,
    trustedProxies: s.LANGO_TRUSTED_PROXIES,
    masterKey: s.LANGO_MASTER_KEY === undefined ? undefined : parseMasterKey(s.LANGO_MASTER_KEY),
    demo: s.LANGO_DEMO ?? (s.DATABASE_URL === undefined && s.LANGO_PART_DATABASE_URL === undefined),
    adminEmail: s.LANGO_ADMIN_EMAIL,
    adminPassword: s.LANGO_ADMIN_PASSWORD,
    timezone: s.LANGO_TIMEZONE,
    logLevel: s.LANGO_LOG_LEVEL,
    apiRatePerMinute: s.LANGO_API_RATE,
    snapshotHours: s.LANGO_SNAPSHOT_HOURS,
    insecureWebhookNetworks: s.LANGO_INSECURE_WEBHOOK_NETWORKS,
    urls: foreignUrls(s),
  };
}

function foreignUrls(s: Settings): Config['urls'] {
  const all: Record<ForeignService, string | undefined> = {
    daraja: s.LANGO_DARAJA_URL,
    familybank: s.LANGO_FAMILYBANK_URL,
    stripe: s.LANGO_STRIPE_URL,
    africastalking: s.LANGO_AFRICASTALKING_URL,
    twilio: s.LANGO_TWILIO_URL,
    sendgrid: s.LANGO_SENDGRID_URL,
    resend: s.LANGO_RESEND_URL,
    smtp: s.LANGO_SMTP_URL,
  };
  return Object.fromEntries(Object.entries(all).filter(([, url]) => url !== undefined));
}

function refuseClashes(c: Config): void {
  if (c.authPort === c.acctPort)
    throw new ConfigError(`LANGO_AUTH_PORT and LANGO_ACCT_PORT are both ${c.authPort}. Give each its own port.`);
  if (c.httpPort === c.radsecPort)
    throw new ConfigError(`LANGO_HTTP_PORT and LANGO_RADSEC_PORT are both ${c.httpPort}. Give each its own port.`);
}

/** Settings that the process of a role must not see: the owner's database login and the first password. */
const withheld = [
  'DATABASE_URL',
  'LANGO_ADMIN_PASSWORD',
  'LANGO_PART_DATABASE_URL',
  'LANGO_PART_ROLES',
  'LANGO_DATA',
  'LANGO_DEMO',
];

/** The environment for the process of one role: ours, less what it must not know, with that role's own database login. */
export function childEnvironment(
  config: Config,
  databaseUrl: string,
  roles: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !withheld.includes(name.replace(/_FILE$/, ''))) kept[name] = value;
  }
  return {
    ...kept,
    LANGO_PART_DATABASE_URL: databaseUrl,
    LANGO_PART_ROLES: roles.join(','),
    LANGO_DATA: config.dataDir,
    LANGO_DEMO: config.demo ? '1' : '0',
  };
}

/** 32 bytes from 64 hex digits or 43 to 44 base64 characters; any other text is hashed to 32 bytes. */
export function parseMasterKey(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return createHash('sha256').update(text).digest();
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
