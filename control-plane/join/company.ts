import type { PrismaClient } from '../platform/db/generated/client';

/** The company whose page somebody opened, who has not signed in. */
export interface JoinCompany {
  tenant_id: bigint;
  slug: string;
  name: string;
  timezone: string;
  currency: string;
  /** How it is paid and reached, as its customers read it in the walled garden; empty when it has not written any. */
  words: string;
  phone: string;
  is_open: boolean;
}

/** By the word in its address; without one, the only company that serves here. Undefined when there is none. */
export async function findCompany(outside: PrismaClient, slug: string | undefined): Promise<JoinCompany | undefined> {
  const rows = await outside.$queryRaw<JoinCompany[]>`SELECT * FROM join_company(${slug ?? null}::text)`;
  return rows[0];
}
