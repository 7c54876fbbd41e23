import type { Context } from '../platform/context';

/** undefined: without end, without limit. */
export interface Licence {
  until: Date | undefined;
  subscribers: number | undefined;
  routers: number | undefined;
  staff: number | undefined;
}

/** Gives a company its licence. When it is over, or full, nothing new can be added; what runs goes on running. */
export async function licenseCompany(ctx: Context, id: bigint, licence: Licence): Promise<'done' | 'not_found'> {
  const [row] = await ctx.tx.$queryRaw<{ outcome: 'done' | 'not_found' }[]>`
    SELECT tenants_license(${ctx.actor.id}::bigint, ${id}::bigint, ${licence.until ?? null}::timestamptz, ${licence.subscribers ?? null}::int,
      ${licence.routers ?? null}::int, ${licence.staff ?? null}::int, ${ctx.actor.ip}::inet, ${ctx.requestId}) AS outcome`;
  return row?.outcome ?? 'not_found';
}
