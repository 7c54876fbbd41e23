import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownerSession } from '../../platform/db/owner';
import type { Config } from '../../platform/config';
import { createCompany } from '../../tenants';
import { newPassword } from '../first-start';

/** How to sign in to the demo ISP. Kept in LANGO_DATA/demo.json: it guards made-up data, and every start prints it. */
export interface DemoSignIn {
  email: string;
  password: string;
}

const email = 'demo@lango.local';

function file(config: Config): string {
  return join(config.dataDir, 'demo.json');
}

/** The sign-in of the demo ISP if this data folder made one. */
export function demoSignIn(config: Config): DemoSignIn | undefined {
  return existsSync(file(config)) ? (JSON.parse(readFileSync(file(config), 'utf8')) as DemoSignIn) : undefined;
}

/** Makes the demo ISP as a company of its own unless it is there. Undefined when another installation made it: then its sign-in is not known here. */
export async function ensureDemoCompany(config: Config, ownerUrl: string): Promise<DemoSignIn | undefined> {
  if (await hasDemo(ownerUrl)) return demoSignIn(config);
  const made = { email, password: newPassword() };
  await createCompany(ownerUrl, {
    name: 'Savanna Net (demo)',
    timezone: config.timezone,
    isDemo: true,
    admin: { ...made, name: 'Demo Administrator' },
  });
  writeFileSync(file(config), `${JSON.stringify(made)}\n`, { mode: 0o600 });
  return made;
}

async function hasDemo(ownerUrl: string): Promise<boolean> {
  return ownerSession(ownerUrl, 'lango-setup', async (client) => {
    const { rowCount } = await client.query('SELECT FROM staff WHERE email = $1', [email]);
    return (rowCount ?? 0) > 0;
  });
}
