import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import type { GardenPage } from './queries';

/** Writes what the company's customers read in the walled garden; it counts from the next time somebody opens the page. */
export async function changePage(ctx: Context, { words, phone }: GardenPage): Promise<void> {
  await ctx.tx.$executeRaw`
    INSERT INTO garden_page (tenant_id, words, phone) VALUES (${ctx.tenantId}, ${words}, ${phone})
    ON CONFLICT (tenant_id) DO UPDATE SET words = excluded.words, phone = excluded.phone, updated_at = ${ctx.now}`;
  await recordAudit(ctx, 'garden.change', { type: 'garden_page', id: ctx.tenantId }, { words, phone });
}
