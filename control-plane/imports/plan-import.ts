import { insertAllRows, insertRun, type NewRow } from '../bulk';
import type { Context } from '../platform/context';
import type { ImportField } from './columns';
import { customerKey, judge, plansByWord, type Books, type GivenRow, type Judged } from './judge';
import { dropFile, type StoredFile } from './store-file';
import { normalizePhone } from '../subscribers';

export const PASSWORD_PURPOSE = 'bulk_row.password';

/** What each column is taken for; undefined leaves it out. */
export interface Mapping {
  columns: (ImportField | undefined)[];
  /** Name of the plan for rows that name none. */
  plan: string | undefined;
}

/**
 * Writes a file down as a draft run, every row with its fate. The file itself is gone then.
 * @returns the run's id
 */
export async function planImport(ctx: Context, file: StoredFile, mapping: Mapping): Promise<bigint> {
  const rows = file.table.rows.map(({ line, cells }): GivenRow => ({ line, values: valuesOf(cells, mapping) }));
  const judged = judge(rows, await readBooks(ctx, rows), mapping.plan);
  const run = await insertRun(ctx, {
    action: 'import',
    task: 'imports.work',
    permission: 'imports.write',
    params: { file: file.name, rows: file.rows, encoding: file.encoding },
  });
  await insertAllRows(
    ctx,
    run,
    judged.map((row) => rowOf(ctx, row)),
  );
  await dropFile(ctx, file.id);
  return run;
}

function valuesOf(cells: string[], { columns }: Mapping): GivenRow['values'] {
  const values: GivenRow['values'] = {};
  for (const [at, field] of columns.entries()) if (field) values[field] = cells[at] ?? '';
  return values;
}

function rowOf(ctx: Context, { label, fate, note, data, line }: Judged): NewRow {
  const password =
    data.password === null || fate === 'wont'
      ? null
      : ctx.secrets.seal(PASSWORD_PURPOSE, ctx.tenantId, data.password).toString('base64');
  return { label, fate, note, subscriber_id: data.customer_id, data: { ...data, line, password } };
}

/** Asks once for everything that the file names: logins, addresses, phones. */
async function readBooks(ctx: Context, rows: GivenRow[]): Promise<Books> {
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const all = (field: ImportField) => [...new Set(rows.flatMap(({ values }) => values[field] || []))];
  const phones = [...new Set(all('phone').flatMap((phone) => normalizePhone(phone, tenant.currency) ?? []))];
  const plans = await ctx.tx.$queryRaw<{ id: bigint; name: string }[]>`
    SELECT id, name FROM plan WHERE tenant_id = ${ctx.tenantId} AND archived_at IS NULL AND current_version_id IS NOT NULL`;
  const taken = await ctx.tx.$queryRaw<{ username: string }[]>`
    SELECT username FROM subscription WHERE tenant_id = ${ctx.tenantId} AND username = ANY (${all('username')})`;
  const addresses = await ctx.tx.$queryRaw<{ ip: string }[]>`
    SELECT host(static_ip) AS ip FROM subscription WHERE tenant_id = ${ctx.tenantId} AND static_ip IS NOT NULL AND status <> 'ended'`;
  const customers = await ctx.tx.$queryRaw<{ id: bigint; name: string; phone: string }[]>`
    SELECT id, name, phone FROM subscriber WHERE tenant_id = ${ctx.tenantId} AND phone = ANY (${phones}) AND deleted_at IS NULL ORDER BY id DESC`;
  return {
    currency: tenant.currency,
    timezone: tenant.timezone,
    plans: plansByWord(plans.map(({ id, name }) => ({ id: id.toString(), name }))),
    usernames: new Set(taken.map((row) => row.username)),
    addresses: new Set(addresses.map((row) => row.ip)),
    customers: new Map(customers.map((row) => [customerKey(row.phone, row.name), row.id.toString()])),
  };
}
