import type { DoorWay } from '../relay';

/** A router as the listener knows it. */
export interface Nas {
  id: string;
  tenantId: string;
  name: string;
  address: string;
  secret: Buffer;
  type: 'mikrotik' | 'other';
  /** Other routers of the company behind the same address and secret, by the realm that tells them apart. */
  behind?: ReadonlyMap<string, Nas>;
  /** While its secret is being replaced (docs/decisions/0039). */
  rotation?: Rotation;
}

/** The two secrets of a router, either of which is right, and the door for logins with the new one. */
export interface Rotation {
  /** Of the two the one that is not `secret` of the router. */
  other: Buffer;
  door: DoorWay;
}

/** Which of the routers behind one address speaks: by its realm, else by its own name; who gives neither is the first. */
export function speakerOf(nas: Nas, said: { realm: string | null; identifier: string | null }): Nas {
  return nas.behind?.get(said.realm ?? '') ?? nas.behind?.get(said.identifier ?? '') ?? nas;
}

/** IPv4 in IPv6 clothes and zones are undressed, so that one router has one key. */
export function plainAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}
