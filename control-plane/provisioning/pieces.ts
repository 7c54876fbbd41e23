import type { Version } from './version';
import type { Wanted } from './wanted';

/** A field's value; a host's name is looked up by whoever writes it. */
export type FieldValue = string | { resolve: string };
export type Fields = Readonly<Record<string, FieldValue>>;

/** One thing a router is told. What it is known by is ours (`lango…`), so that it is found again and nothing else is touched. */
export type Piece =
  | {
      kind: 'row';
      /** `/ip/firewall/filter` */
      menu: string;
      known: { by: 'comment' | 'name' | 'service-name'; as: string };
      fields: Fields;
      /** Before the operator's own rules. */
      first?: boolean;
      /** Not shown by the API, or never meant to be seen: not compared, not shown in a plan. */
      secret?: readonly string[];
    }
  /** A menu of settings. */
  | { kind: 'settings'; menu: string; fields: Fields }
  /** A service that every router has, to be switched on for `address` alone if it is off; where it is on, who may use it is the operator's. */
  | { kind: 'service'; name: string; address: FieldValue }
  /** What MikroTik's default configuration brings and must not stay as it is. */
  | { kind: 'others'; menu: string; where: Readonly<Record<string, string>>; fields: Readonly<Record<string, string>> };

export const stepNames = [
  'tunnel',
  'radius',
  'api',
  'clock',
  'firewall',
  'garden',
  'pppoe',
  'hotspot',
  'extras',
] as const;
export type StepName = (typeof stepNames)[number];
export interface Step {
  name: StepName;
  pieces: readonly Piece[];
}

/** Everything that decides what a router is told. */
export interface Recipe {
  version: Version;
  /** By what it reaches us. */
  installation: {
    host: string;
    publicUrl: string;
    authPort: number;
    acctPort: number;
    tunnelPort: number;
    tunnelPublicKey: string;
  };
  way: 'direct' | 'tunnel';
  /** Its own address: the tunnel's, or where its packets come from. */
  address: string;
  /** Its packets are to bear that address; unknown when it is the address of a NAT before it. */
  sendsFrom: string | undefined;
  coaPort: number;
  secret: string;
  tunnel: { privateKey: string; user: string; password: string };
  api: { username: string; password: string };
  wanted: Wanted;
  /** Hosts that guests of its hotspots must reach before they are online, to sign in there. */
  openHosts: readonly string[];
}

/** A row of ours that is known by its comment. */
export const row = (
  menu: string,
  what: string,
  fields: Fields,
  more: { first?: boolean; secret?: string[] } = {},
): Piece => ({
  kind: 'row',
  menu,
  known: { by: 'comment', as: `lango: ${what}` },
  fields,
  ...more,
});
/** A row of ours that is known by its name, which others refer to. */
export const named = (menu: string, name: string, fields: Fields, secret?: string[]): Piece => ({
  kind: 'row',
  menu,
  known: { by: 'name', as: name },
  fields,
  ...(secret && { secret }),
});
export const settings = (menu: string, fields: Fields): Piece => ({ kind: 'settings', menu, fields });
