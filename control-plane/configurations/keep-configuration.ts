import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { countChanges, diffLines } from './diff';
import type { Export } from './read-export';

/** Keeps what a router said if it has changed; otherwise notes that it was seen again. A router that could not be read is noted as such. */
export async function keepConfiguration(
  ctx: Context,
  routerId: bigint,
  said: Export,
): Promise<'kept' | 'same' | 'failed'> {
  const fault = said.kind === 'failed' ? said.why : null;
  await ctx.tx.$executeRaw`
    INSERT INTO configuration_try (nas_id, tenant_id, fault) VALUES (${routerId}, ${ctx.tenantId}, ${fault})
    ON CONFLICT (nas_id) DO UPDATE SET at = lango_now(), fault = excluded.fault`;
  if (said.kind === 'failed') return 'failed';
  const [last] = await ctx.tx.$queryRaw<{ id: bigint; words: string }[]>`
    SELECT id, words FROM configuration WHERE nas_id = ${routerId} ORDER BY id DESC LIMIT 1`;
  if (last?.words === said.words) {
    await ctx.tx.$executeRaw`UPDATE configuration SET seen_at = lango_now() WHERE id = ${last.id}`;
    return 'same';
  }
  const { added, removed } = countChanges(diffLines(last?.words ?? '', said.words));
  const lines = said.words.split('\n').length;
  await ctx.tx.$executeRaw`
    INSERT INTO configuration (tenant_id, nas_id, version, words, lines, added, removed, missing)
    VALUES (${ctx.tenantId}, ${routerId}, ${said.version}, ${said.words}, ${lines}, ${added}, ${removed}, ${said.missing})`;
  await recordAudit(
    ctx,
    'configurations.keep',
    { type: 'nas', id: routerId },
    { version: said.version, lines, added, removed },
  );
  return 'kept';
}
