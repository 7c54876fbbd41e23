import { createHash, randomBytes } from 'node:crypto';
import type { Cookie } from './page';

/** SHA-256, the only form in which a token or session secret is stored. The secrets are 256 random bits, so nothing slower is needed. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** 256 random bits as text, with a prefix that tells a person (and a secret scanner) what it is. */
export function newSecret(prefix: 'lgk_' | 'lgr_' | 'lgs_' | 'lgx_'): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** The console's cookie. Under https it carries __Host-, which pins it to this host, Secure and Path=/. */
export function sessionCookieName(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? '__Host-lango' : 'lango';
}

/** Sets the sign-in cookie for `maxAgeS` seconds, or removes it. */
export function sessionCookie(publicUrl: string, secret: string | undefined, maxAgeS: number): Cookie {
  return { name: sessionCookieName(publicUrl), value: secret ?? '', maxAgeS: secret === undefined ? 0 : maxAgeS };
}

/** Cookies of a request, first one of a name wins; malformed ones are dropped. */
export function parseCookies(header: string | undefined): Record<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (header ?? '').slice(0, 8192).split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    if (at < 1 || cookies.has(name)) continue;
    try {
      cookies.set(name, decodeURIComponent(part.slice(at + 1).trim()));
    } catch {
      continue;
    }
  }
  return Object.fromEntries(cookies);
}
