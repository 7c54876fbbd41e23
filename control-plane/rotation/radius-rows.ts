import { parseDuration, type Row } from '../../radius/routeros';

/** A row of a router's /radius that leads to us, as it was before its secret was replaced. */
export interface OurRow {
  id: string;
  address: string;
  authPort: string;
  acctPort: string;
  /** After that long nothing is on its way any more that was asked as the row stood before. */
  wait_ms: number;
}

export type FoundRows = { kind: 'ours'; rows: OurRow[] } | { kind: 'none' } | { kind: 'others'; address: string };

/** Customers are asked about for these; a row for anything else is nobody's business here. */
const SERVICES = new Set(['ppp', 'hotspot', 'wireless', 'dhcp', 'ipsec', 'dot1x']);
/** RouterOS sends a request three times, each after its row's timeout. */
const SENDS = 3;
const MARGIN_MS = 1000;

/**
 * Which rows of /radius are ours: those to our address, those that a comment calls ours (`lango…`: a second host of ours), or the only one there is. One more with
 * the same ports that is not named is refused: it may be a host of ours too, which would know the secret that is to become wrong.
 * @param server our address as the router knows it
 */
export function ourRows(rows: readonly Row[], server: string): FoundRows {
  const asked = rows.filter(
    (row) =>
      row['disabled'] !== 'true' &&
      (row['protocol'] ?? 'udp') === 'udp' &&
      (row['service'] ?? '').split(',').some((service) => SERVICES.has(service)),
  );
  const named = asked.filter((row) => row['address'] === server || /^lango\b/i.test(row['comment'] ?? ''));
  const ours = named.length > 0 ? named : asked.length === 1 ? asked : [];
  const ports = new Set(ours.map((row) => row['accounting-port']));
  const other = asked.find((row) => !ours.includes(row) && (ours.length === 0 || ports.has(row['accounting-port'])));
  if (other) return { kind: 'others', address: other['address'] ?? '' };
  if (ours.length === 0) return { kind: 'none' };
  return {
    kind: 'ours',
    rows: ours.map((row) => ({
      id: row['.id'] ?? '',
      address: row['address'] ?? '',
      authPort: row['authentication-port'] ?? '1812',
      acctPort: row['accounting-port'] ?? '1813',
      wait_ms: SENDS * milliseconds(row['timeout']) + MARGIN_MS,
    })),
  };
}

/** Whether each of these rows asks for logins at this port now, as `print` shows them. */
export function standAt(rows: readonly Row[], ours: readonly OurRow[], port: 'authPort' | 'acctPort'): boolean {
  return ours.every((one) =>
    rows.some((row) => row['.id'] === one.id && row['authentication-port'] === one[port] && row['disabled'] !== 'true'),
  );
}

/** `3s`, `300ms`, `1s100ms`. */
function milliseconds(text = ''): number {
  const [, ms = '0'] = /(\d+)ms/.exec(text) ?? [];
  return Number(ms) + (parseDuration(text.replace(/\d+ms/, '')) ?? 0) * 1000;
}
