import type { Context } from '../platform/context';

/** A company as a super admin sees it. */
export interface Company {
  id: bigint;
  name: string;
  slug: string;
  status: 'pending' | 'approved' | 'suspended';
  status_reason: string | null;
  timezone: string;
  currency: string;
  is_demo: boolean;
  created_at: Date;
  approved_at: Date | null;
  licence_until: Date | null;
  limit_subscribers: number | null;
  limit_routers: number | null;
  limit_staff: number | null;
  subscribers: bigint;
  routers: bigint;
  people: bigint;
  first_name: string | null;
  first_email: string | null;
}

/** Every company of the installation, those that wait for an answer first; nothing unless the acting person is a super admin. */
export function listCompanies(ctx: Context): Promise<Company[]> {
  return ctx.tx.$queryRaw<Company[]>`SELECT * FROM tenants_list(${ctx.actor.id}::bigint)`;
}

export async function findCompany(ctx: Context, id: bigint): Promise<Company | undefined> {
  const [row] = await ctx.tx.$queryRaw<Company[]>`SELECT * FROM tenants_list(${ctx.actor.id}::bigint, ${id}::bigint)`;
  return row;
}

export interface CompanyPerson {
  id: bigint;
  name: string;
  email: string;
  role: string;
  role_name: string;
}

/** The people of a company whom a super admin may work as. */
export function listCompanyPeople(ctx: Context, id: bigint): Promise<CompanyPerson[]> {
  return ctx.tx.$queryRaw<CompanyPerson[]>`SELECT * FROM tenants_people(${ctx.actor.id}::bigint, ${id}::bigint)`;
}

/** Whether strangers may ask for a place on this installation. */
export async function registrationOpen(db: Pick<Context['tx'], '$queryRaw'>): Promise<boolean> {
  const [row] = await db.$queryRaw<{ open: boolean }[]>`SELECT is_open AS open FROM tenant_registration`;
  return row?.open ?? false;
}

/** What an administrator may set about their own company. */
export interface Settings {
  name: string;
  timezone: string;
  currency: string;
  password_min_length: number;
  second_factor_required: boolean;
  licence_until: Date | null;
  limit_subscribers: number | null;
  limit_routers: number | null;
  limit_staff: number | null;
}

export async function ownSettings(ctx: Context): Promise<Settings> {
  const [row] = await ctx.tx.$queryRaw<Settings[]>`
    SELECT t.name, t.timezone, t.currency::text AS currency, t.password_min_length, t.second_factor_required, o.*
    FROM tenant t, tenants_own() o WHERE t.id = ${ctx.tenantId}`;
  if (!row) throw new Error('The company of this transaction does not exist.');
  return row;
}
