import type { PrismaClient } from '../platform/db/generated/client';
import { hashPassword, passwordFault } from '../staff';

export interface Registration {
  company: string;
  timezone: string;
  currency: string;
  name: string;
  email: string;
  password: string;
}

export type Registered =
  /** Also when the e-mail signs in already: a stranger learns nothing of who is here. */
  | { kind: 'received' }
  | { kind: 'closed' }
  | { kind: 'full' }
  | { kind: 'often' }
  | { kind: 'weak_password'; fault: 'short' | 'common' | 'personal' };

/** A stranger asks for a place. The company and its first administrator wait, shut out, for a super admin's answer. */
export async function registerCompany(outside: PrismaClient, input: Registration, ip: string): Promise<Registered> {
  const about = { minLength: 8, email: input.email, name: input.name, company: input.company };
  const fault = passwordFault(input.password, about);
  if (fault) return { kind: 'weak_password', fault };
  const hash = await hashPassword(input.password);
  const slug = slugOf(input.company);
  const [row] = await outside.$queryRaw<{ outcome: 'done' | 'taken' | 'closed' | 'full' | 'often' }[]>`
    SELECT tenants_register(${input.company}, ${slug}, ${input.timezone}, ${input.currency}, ${input.name}, ${input.email}, ${hash}, ${ip}::inet) AS outcome`;
  const outcome = row?.outcome ?? 'closed';
  return outcome === 'done' || outcome === 'taken' ? { kind: 'received' } : { kind: outcome };
}

/** The short name of a company in addresses and commands. */
export function slugOf(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return stem || 'isp';
}
