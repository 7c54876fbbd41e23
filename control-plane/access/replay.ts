import type { AccessQuestion } from './explain-access';
import type { TryRow } from './queries';

/** What a router once asked, as a question to ask again. */
export function questionOf(row: TryRow): AccessQuestion {
  return {
    username: row.username,
    mac: row.station ?? undefined,
    router_id: row.nas_id ?? undefined,
    // Only PPP on a wire or in a tunnel says Framed (2) without a wireless port (19); a row from before this was kept says nothing.
    service:
      row.service_type === null ? undefined : row.service_type === '2' && row.port_type !== '19' ? 'ppp' : 'hotspot',
    method: row.reason === 'unsupported_method' ? 'none' : (row.method ?? undefined),
    signed: row.reason !== 'unsigned_request' && row.reason !== 'unsigned_proxy',
    // Kept of no other: whoever signs may come through a proxy.
    proxied: row.reason === 'unsigned_proxy',
  };
}

/** What was decided then: the garden is an Accept on the wire, and tells itself by the reason. */
export function decisionOf({
  reply,
  reason,
}: Pick<TryRow, 'reply' | 'reason'>): 'accept' | 'garden' | 'reject' | 'none' {
  if (reply === 'none') return 'none';
  if (reply !== 'Access-Accept') return 'reject';
  return ['unpaid', 'expired', 'capped', 'time_used_up'].includes(reason ?? '') ? 'garden' : 'accept';
}
