import { isIPv6 } from 'node:net';

/**
 * Where FreeRADIUS and the accounting listener are reached from their own host, given LANGO_BIND. Always by IPv4: health checks and routers with
 * certificates speak from loopback addresses, of which IPv6 has a single one. For that both listen on 127.0.0.1 too where LANGO_BIND is IPv6.
 */
export function innerAddress(bind: string): string {
  return bind === '0.0.0.0' || isIPv6(bind) ? '127.0.0.1' : bind;
}
