import type { ApiOutcome } from '../../radius/routeros';
import type { Context } from '../platform/context';
import { numberOf } from './advance';
import { failureOf, updateStatus } from './words';

/** Asks a router which versions it has and could have: its RouterOS over the internet, its board's firmware of itself. */
export async function checkRouter(
  ask: (words: readonly string[]) => Promise<ApiOutcome>,
): Promise<{ keep: (ctx: Context, routerId: bigint) => Promise<unknown> }> {
  const resource = await ask(['/system/resource/print', '=.proplist=version']);
  const asked = resource.kind === 'done' ? await ask(['/system/package/update/check-for-updates']) : resource;
  const status = asked.kind === 'done' ? updateStatus(asked.rows) : failureOf(asked);
  const board = resource.kind === 'done' ? await ask(['/system/routerboard/print']) : resource;
  const [row = {}] = board.kind === 'done' ? board.rows : [];
  const failed = status.kind === 'failed';
  const known = {
    installed: resource.kind === 'done' ? numberOf(resource.rows[0]?.['version']) : '',
    latest: failed ? '' : status.latest,
    channel: failed ? '' : status.channel,
    board: row['current-firmware'] ?? '',
    boardNext: row['upgrade-firmware'] ?? '',
    fault: failed ? status.fault : null,
    words: failed ? status.words : '',
  };
  return {
    // What was known stays where a router does not answer: an empty answer is no answer.
    keep: (ctx, routerId) => ctx.tx.$executeRaw`
      INSERT INTO firmware_known AS k (nas_id, tenant_id, installed, latest, channel, board_installed, board_latest, fault, fault_words)
      VALUES (${routerId}, ${ctx.tenantId}, ${known.installed}, ${known.latest}, ${known.channel}, ${known.board}, ${known.boardNext}, ${known.fault}, ${known.words})
      ON CONFLICT (nas_id) DO UPDATE SET checked_at = lango_now(), fault = excluded.fault, fault_words = excluded.fault_words,
        installed = coalesce(nullif(excluded.installed, ''), k.installed), latest = coalesce(nullif(excluded.latest, ''), k.latest),
        channel = coalesce(nullif(excluded.channel, ''), k.channel), board_installed = coalesce(nullif(excluded.board_installed, ''), k.board_installed),
        board_latest = coalesce(nullif(excluded.board_latest, ''), k.board_latest)`,
  };
}
