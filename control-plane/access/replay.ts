import type { AccessQuestion, Service } from './explain-access';
import type { TryRow } from './queries';

/** What a router once asked, as a question to ask again. */
export function questionOf(row: TryRow): AccessQuestion {
  const method = methodOf(row);
  return {
    username: row.username,
    mac: row.station ?? undefined,
    router_id: row.nas_id ?? undefined,
    service: serviceOf(row, method),
    method,
    signed: row.reason !== 'unsigned_request' && row.reason !== 'unsigned_proxy',
    // Kept of no other: whoever signs may come through a proxy.
    proxied: row.reason === 'unsigned_proxy',
    tried: {
      at: row.at,
      reason: row.reason,
      certificate: row.certificate,
      asked: isBare(row) ? undefined : { service_type: row.service_type, port_type: row.port_type },
    },
  };
}

/** From before it was kept how a try was asked. */
function isBare({ method, service_type, port_type }: TryRow): boolean {
  return method === null && service_type === null && port_type === null;
}

/** How it was asked. Before the tunnel's method was written down there stood what FreeRADIUS calls its own steps. */
function methodOf({ reason, method }: TryRow): string | undefined {
  if (reason === 'unsupported_method') return 'none';
  const tunnels: Record<string, string> = { 'EAP-PEAP': 'peap', 'EAP-TTLS': 'ttls', 'EAP-TLS': 'tls', Accept: 'tls' };
  const found = tunnels[method ?? ''];
  if (found !== undefined) return found;
  if (reason === 'unknown_certificate') return 'tls';
  return reason === 'no_tunnel' || /^(eap|inside)\b/i.test(method ?? '') ? 'eap' : (method ?? undefined);
}

/** What it was asked for, as the form names it; undefined where it is not known or no service was named. */
function serviceOf({ service_type, port_type }: TryRow, method: string | undefined): Service | undefined {
  if (method !== undefined && isTunnel(method)) return 'dot1x';
  if (service_type === null) return undefined;
  // Only PPP on a wire or in a tunnel says Framed (2) without a wireless port (19).
  return service_type === '2' && port_type !== '19' ? 'ppp' : 'hotspot';
}

/** Whether the method is one of 802.1X. */
function isTunnel(method: string): boolean {
  return ['peap', 'ttls', 'tls', 'eap'].includes(method);
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
