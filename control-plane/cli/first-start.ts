import { randomBytes } from 'node:crypto';
import type { Config } from '../platform/config';
import { createFirstCompany, hasCompany } from '../tenants';

export type FirstStart =
  { kind: 'done_before' } | { kind: 'made'; email: string; password: string; generated: boolean };

/**
 * On an empty database makes one approved company and one person who is super admin and its ISP admin.
 * Several starts at once make them once.
 */
export async function firstStart(config: Config, ownerUrl: string): Promise<FirstStart> {
  if (await hasCompany(ownerUrl)) return { kind: 'done_before' };
  const generated = config.adminPassword === undefined;
  const password = config.adminPassword ?? newPassword();
  const email = config.adminEmail.toLowerCase();
  const { created } = await createFirstCompany(ownerUrl, {
    name: 'My ISP',
    email,
    password,
    timezone: config.timezone,
  });
  return created ? { kind: 'made', email, password, generated } : { kind: 'done_before' };
}

/** Four groups of five letters and digits without look-alikes: about 98 bits, and readable aloud. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const picked = Array.from({ length: 20 }, () => letters[unbiased(letters.length)]);
  return [0, 5, 10, 15].map((i) => picked.slice(i, i + 5).join('')).join('-');
}

function unbiased(below: number): number {
  const ceiling = 256 - (256 % below);
  for (;;) {
    const byte = randomBytes(1)[0] ?? 255;
    if (byte < ceiling) return byte % below;
  }
}
