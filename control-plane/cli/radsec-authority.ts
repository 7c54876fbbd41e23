import { hostname, networkInterfaces } from 'node:os';
import { ownerSession } from '../platform/db/owner';
import type { Config } from '../platform/config';
import { createSecretBox } from '../platform/crypto';
import { ensureAuthority } from '../radsec';

/** Makes the authority of RadSec and the certificate of its port at the first start, and renews the latter in its last year. */
export async function makeRadsecAuthority(config: Config, ownerUrl: string, masterKey: Buffer): Promise<void> {
  return ownerSession(ownerUrl, 'lango-setup', async (client) => {
    await ensureAuthority((sql, values) => client.query(sql, values), createSecretBox(masterKey), serverNames(config));
  });
}

const DAY_MS = 86_400_000;

/** For the doctor: until when the certificate of the RadSec port and the authorities are good, and which routers need new certificates. */
export async function radsecFinding(ownerUrl: string): Promise<{ good: boolean; says: string }> {
  return ownerSession(ownerUrl, 'lango-setup', async (client) => {
    const [found] = (await client.query<Found>(FACTS)).rows;
    if (!found?.ends) return { good: true, says: 'its certificate is made at the first start' };
    const wrong = fault(found);
    if (wrong !== undefined) return { good: false, says: wrong };
    const until = found.ends.toISOString().slice(0, 10);
    const all = `${found.routers} routers with certificates, the port's own until ${until}`;
    if (found.old === null) return { good: true, says: all };
    const named = found.old.slice(0, 5).join(', ');
    const more = found.old.length > 5 ? ` and ${found.old.length - 5} more` : '';
    const which = found.old.length === 0 ? 'no router needs the old one' : `still with the old one: ${named}${more}`;
    return { good: true, says: `${all}; the authority is being changed, ${which}` };
  });
}

interface Found {
  ends: Date | null;
  ours: boolean | null;
  authority_ends: Date | null;
  routers: number;
  ending: number;
  /** Routers with a valid certificate of the authority before; null while there is one authority. */
  old: string[] | null;
}

const FACTS = `
  SELECT s.not_after AS ends, s.ours,
         (SELECT not_after FROM radsec_authority WHERE kind = 'ca' AND retired_at IS NULL AND superseded_at IS NULL) AS authority_ends,
         (SELECT count(DISTINCT nas_id) FROM radsec_certificate WHERE revoked_at IS NULL AND not_after > now())::int AS routers,
         (SELECT count(*) FROM (SELECT max(not_after) AS last FROM radsec_certificate WHERE revoked_at IS NULL GROUP BY nas_id) c
          WHERE last BETWEEN now() AND now() + interval '30 days')::int AS ending,
         (SELECT coalesce(array_agg(DISTINCT n.name) FILTER (WHERE n.id IS NOT NULL), '{}') FROM radsec_authority a
          LEFT JOIN radsec_certificate c ON c.authority_id = a.id AND c.revoked_at IS NULL AND c.not_after > now() LEFT JOIN nas n ON n.id = c.nas_id
          WHERE a.kind = 'ca' AND a.retired_at IS NULL AND a.superseded_at IS NOT NULL GROUP BY a.id) AS old
  FROM (SELECT) one LEFT JOIN radsec_authority s ON s.kind = 'server' AND s.retired_at IS NULL`;

function fault({ ends, ours, authority_ends, ending }: Found): string | undefined {
  const within = (at: Date | null, days: number): boolean => at !== null && at.getTime() - Date.now() < days * DAY_MS;
  const day = (at: Date | null): string => at?.toISOString().slice(0, 10) ?? '';
  if (within(authority_ends, 365))
    return `the authority of routers' certificates ends on ${day(authority_ends)}. Make a new one: console, Routers, Certificates, Certificate of the RadSec port.`;
  if (within(ends, 30)) {
    const remedy = ours
      ? 'Start Lango again: it makes a new one'
      : 'Put the next one in: console, Routers, Certificates';
    return `the port's certificate ends on ${day(ends)}. ${remedy}.`;
  }
  if (ending > 0)
    return `${ending} routers' last certificates end within 30 days. Issue them new ones: console, Routers, Certificates.`;
  return undefined;
}

/** By what routers may reach this host; others are added in the console. */
function serverNames(config: Config): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((entry) => !entry.address.startsWith('fe80:'))
    .map((entry) => entry.address);
  const shown = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '');
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-');
  return [...new Set([shown, host, ...addresses])].slice(0, 20);
}
