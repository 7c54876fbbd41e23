import type { Context } from '../platform/context';
import type { PrismaClient } from '../platform/db/generated/client';

/** What customers read. Empty words and phone: the company has not written any yet. */
export interface GardenPage {
  words: string;
  phone: string;
}

/** As everybody sees it. `rings`: the company can have a customer's phone rung for the money. */
export interface CompanyPage extends GardenPage {
  name: string;
  slug: string;
  rings: boolean;
}

/** The page of a company by the word in its address; without one, of the only company that serves here. Undefined when there is none. */
export async function findCompany(outside: PrismaClient, slug: string | undefined): Promise<CompanyPage | undefined> {
  const rows = await outside.$queryRaw<CompanyPage[]>`
    SELECT name, words, phone, slug, rings FROM garden_company(${slug ?? null}::text)`;
  return rows[0];
}

/** The own company's page and its address. */
export async function findPage(ctx: Context): Promise<GardenPage & { slug: string }> {
  const [row] = await ctx.tx.$queryRaw<(GardenPage & { slug: string })[]>`
    SELECT t.slug, coalesce(g.words, '') AS words, coalesce(g.phone, '') AS phone
    FROM tenant t LEFT JOIN garden_page g ON g.tenant_id = t.id WHERE t.id = ${ctx.tenantId}`;
  if (!row) throw new Error('A company without a row asks for its page.');
  return row;
}
