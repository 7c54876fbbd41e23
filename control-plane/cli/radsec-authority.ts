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

/** For the doctor: until when the certificate of the RadSec port is good, and which routers' certificates end soon. */
export async function radsecFinding(ownerUrl: string): Promise<{ good: boolean; says: string }> {
  return ownerSession(ownerUrl, 'lango-setup', async (client) => {
    const { rows } = await client.query<{ ends: Date | null; ours: boolean | null; routers: number; ending: number }>(
      `SELECT s.not_after AS ends, s.ours,
              (SELECT count(DISTINCT nas_id) FROM radsec_certificate WHERE revoked_at IS NULL AND not_after > now())::int AS routers,
              (SELECT count(*) FROM (SELECT max(not_after) AS last FROM radsec_certificate WHERE revoked_at IS NULL GROUP BY nas_id) c
               WHERE last BETWEEN now() AND now() + interval '30 days')::int AS ending
       FROM (SELECT) one LEFT JOIN radsec_authority s ON s.kind = 'server' AND s.retired_at IS NULL`,
    );
    const found = rows[0];
    if (!found?.ends) return { good: true, says: 'its certificate is made at the first start' };
    const until = found.ends.toISOString().slice(0, 10);
    if (found.ends.getTime() - Date.now() < 30 * DAY_MS) {
      const remedy = found.ours
        ? 'Start Lango again: it makes a new one'
        : 'Put the next one in: console, Routers, Certificates';
      return { good: false, says: `the port's certificate ends on ${until}. ${remedy}.` };
    }
    if (found.ending > 0)
      return {
        good: false,
        says: `${found.ending} routers' last certificates end within 30 days. Issue them new ones: console, Routers, Certificates.`,
      };
    return { good: true, says: `${found.routers} routers with certificates, the port's own until ${until}` };
  });
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
