import type { Row } from '../../../radius/routeros';

/** How an order that concerns nobody was answered. */
export type Probe = { kind: 'answered' } | { kind: 'not_believed' } | { kind: 'silence' };

/** What is expected of a router, from our own books. */
export interface Expected {
  /** Where its packets come from. */
  address: string;
  coaPort: number;
  /** Where it finds us. */
  server: string;
  /** Host of the pay page. */
  payHost: string;
  tunnel: boolean;
  /** When its script was fetched; what it did before then proves nothing. */
  since: Date | null;
  accessAt: Date | null;
  accountingAt: Date | null;
  secretWrongAt: Date | null;
  /** Those of the router's own users that are called like customers of ours. */
  shadows: (names: readonly string[]) => Promise<readonly string[]>;
}

/** What the router says of itself. Menus that it does not have are empty. */
export interface Seen {
  /** Milliseconds that its clock is ahead of ours; undefined when it could not be read. */
  clockAhead_ms: number | undefined;
  /** The refusal of a harmless change and its undoing; undefined when both were done. */
  writeRefused: string | undefined;
  readRefused: string | undefined;
  radius: readonly Row[];
  monitor: Row;
  incoming: Row;
  /** Packets to its incoming port that it did not believe, counted over the probe. */
  badRequests: number;
  /** All packets to its incoming port over the probe. */
  requests: number;
  pppAaa: Row;
  addresses: readonly string[];
  filter: readonly Row[];
  nat: readonly Row[];
  hotspots: readonly Row[];
  hotspotProfiles: readonly Row[];
  gardenHosts: readonly Row[];
  shadows: readonly string[];
  deviceMode: Row | undefined;
  probe: Probe;
}

export const checkNames = [
  'reachable',
  'rights',
  'clock',
  'radius',
  'secret',
  'login',
  'accounting',
  'orders',
  'fasttrack',
  'shadow',
  'garden',
  'device_mode',
] as const;
export type CheckName = (typeof checkNames)[number];

/** One thing that was looked at. `word` says what was found: `provisioning.found_<word>`, and if it is wrong, `provisioning.remedy_<word>` what to do. */
export interface Check {
  name: CheckName;
  outcome: 'pass' | 'fail' | 'unknown';
  word: string;
  values?: Record<string, string>;
}
