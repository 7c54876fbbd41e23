import type { Actor } from '../context';

/** A signed-in member of staff, as one database look-up finds them. */
export interface Person {
  actor: Actor;
  staffId: bigint;
  email: string;
  role: string;
  /** What the role is called; a role that every company has is translated by its key. */
  roleName: string;
  isSuperAdmin: boolean;
  /** The super admin who works as this person: shown on every page, and named in the audit. */
  impersonator: { id: bigint; name: string } | undefined;
  /** Pages are closed until this one has been visited: the company wants a second proof of everybody, and there is none yet. */
  mustVisit: string | undefined;
  locale: string;
  theme: string;
  tenant: { id: bigint; name: string; timezone: string; currency: string };
  /** SHA-256 of the secret they came with: access token or cookie. */
  tokenHash: Buffer;
  /** The browser session, when they came by cookie. */
  session: { id: bigint; csrfToken: string } | undefined;
  /** The access token that they came with; `scoped` when it was made for a program and holds fewer permissions than its maker. */
  token?: { id: bigint; scoped: boolean };
}

/** How platform/http finds out who is asking, without knowing the staff slice. Hashes are SHA-256 of the secret that was presented. */
export interface SignInLookup {
  byAccessToken(tokenHash: Buffer, ip: string): Promise<Person | undefined>;
  bySession(tokenHash: Buffer, ip: string): Promise<Person | undefined>;
}
