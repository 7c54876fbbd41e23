import { type AttributeName, get, getAll } from '../../../radius/attributes';
import type { Packet } from '../../../radius/packet';
import { parseRateLimit, type RateLimit } from './rate-limit';

/** What an Access-Accept grants, as the router understands it. Absent fields come from the router's default profile. */
export interface Entitlement {
  rateLimit?: RateLimit | undefined;
  /** From the start of the session. 0 is no limit, which is why a server must never send it for an expired user. */
  sessionTimeout_s?: number | undefined;
  idleTimeout_s?: number | undefined;
  interim_s?: number | undefined;
  /** Octets of one session: received from the client, sent to it, and both together. 0 is no limit. */
  recvLimit_bytes?: bigint | undefined;
  xmitLimit_bytes?: bigint | undefined;
  totalLimit_bytes?: bigint | undefined;
  addressLists: string[];
  framedAddress?: string | undefined;
  pool?: string | undefined;
  group?: string | undefined;
  classes: Buffer[];
  messages: string[];
}

/** Reads an Access-Accept. Undefined when its Mikrotik-Rate-Limit breaks the grammar. */
export function readEntitlement(accept: Packet): Entitlement | undefined {
  const limitText = get(accept, 'Mikrotik-Rate-Limit');
  const rateLimit = limitText === undefined ? undefined : parseRateLimit(limitText);
  if (limitText !== undefined && rateLimit === undefined) return undefined;
  return {
    rateLimit,
    sessionTimeout_s: get(accept, 'Session-Timeout'),
    idleTimeout_s: get(accept, 'Idle-Timeout'),
    interim_s: get(accept, 'Acct-Interim-Interval'),
    recvLimit_bytes: limitOf(accept, 'Mikrotik-Recv-Limit', 'Mikrotik-Recv-Limit-Gigawords'),
    xmitLimit_bytes: limitOf(accept, 'Mikrotik-Xmit-Limit', 'Mikrotik-Xmit-Limit-Gigawords'),
    totalLimit_bytes: limitOf(accept, 'Mikrotik-Total-Limit', 'Mikrotik-Total-Limit-Gigawords'),
    addressLists: getAll(accept, 'Mikrotik-Address-List'),
    framedAddress: addressOrPool(get(accept, 'Framed-IP-Address')),
    pool: get(accept, 'Framed-Pool'),
    group: get(accept, 'Mikrotik-Group'),
    classes: getAll(accept, 'Class').map((value) => Buffer.from(value)),
    messages: getAll(accept, 'Reply-Message'),
  };
}

type LimitName = Extract<AttributeName, `Mikrotik-${string}-Limit` | `Mikrotik-${string}-Gigawords`>;

/** A 64-bit limit from its two halves; undefined when neither is there. */
export function limitOf(packet: Packet, low: LimitName, high: LimitName): bigint | undefined {
  const [lowWord, highWord] = [get(packet, low), get(packet, high)];
  if (lowWord === undefined && highWord === undefined) return undefined;
  return (BigInt(highWord ?? 0) << 32n) + BigInt(lowWord ?? 0);
}

/** 127.0.0.0/8 and 224.0.0.0/3 mean "take one of the pool". */
function addressOrPool(address: string | undefined): string | undefined {
  const first = Number(address?.split('.')[0]);
  return first === 127 || first >= 224 ? undefined : address;
}
