import type { Context } from '../platform/context';

/** Who asks to get in, from where and how. */
export interface AccessQuestion {
  username: string;
  /** In any usual form; without it a lock to a device is not held against anybody. */
  mac?: string | undefined;
  /** Without it the router where this login was last tried, else the company's first MikroTik. */
  router_id?: bigint | undefined;
  /** Without it what the plan is for. */
  service?: Service | undefined;
  /**
   * `none`: a request without any credential. `peap`, `ttls`, `tls`, and `eap` where it is not known which: 802.1X; with `tls` a certificate is asked for instead
   * of a password. Another only says how it was asked: the password is taken to be right.
   */
  method?: string | undefined;
  /** Whether the request carries a Message-Authenticator; yes unless said otherwise. */
  signed?: boolean | undefined;
  /** Whether it came through a proxy, which leaves its Proxy-State in it; no unless said otherwise. */
  proxied?: boolean | undefined;
  /** An imagined time, at most IMAGINED_DAYS ahead: what would be answered then if nobody paid or changed anything. Now unless given. */
  at?: Date | undefined;
  /** What else is kept of a recorded try, so that it is asked again as it came. */
  tried?: Tried | undefined;
}

export type Service = 'ppp' | 'hotspot' | 'dot1x';

/** A recorded try as aaa_explain takes it. */
export interface Tried {
  at: Date;
  /** What FreeRADIUS found by itself then it would find again, until what it compared with has changed. */
  reason: string | null;
  /** The serial of the device's certificate. */
  certificate: string | null;
  /** As the router sent them; absent in a row from before they were kept. */
  asked?: { service_type: string | null; port_type: string | null } | undefined;
}

/** How far ahead a login can be asked for. */
export const IMAGINED_DAYS = 366;
/** Whoever asks for this minute means now. */
const SLACK_MS = 60_000;

/** Whether a login can be asked for at this time: past ones are asked for by the try itself. */
export function canImagine(ctx: Context, at: Date): boolean {
  const ahead_ms = at.getTime() - ctx.now.getTime();
  return ahead_ms > -SLACK_MS && ahead_ms <= IMAGINED_DAYS * 86_400_000;
}

/** What the database knows of each thing that a login is checked for. Times are ISO 8601. */
export interface Facts {
  username: string;
  station: string | null;
  signed: boolean;
  proxied: boolean;
  method: string | null;
  /** `none`: the request names no service. */
  service: Service | 'none';
  /** The certificate that the device showed, or an imagined one would; null with another method, and for one that is not this company's. */
  certificate: { name: string; username: string; not_after: string; ended: boolean; revoked_at: string | null } | null;
  /** The recorded try that is asked again. */
  tried: { at: string; reason: string | null } | null;
  company: string;
  router: {
    id: string;
    name: string;
    address: string;
    type: string;
    policy: 'require' | 'auto' | 'off';
    has_signed: boolean;
    heard_at: string | null;
    /** The last packet of its address that was signed with another secret; null once it has been answered since. */
    secret_wrong_at: string | null;
  } | null;
  login: {
    subscription_id: string;
    subscriber_id: string;
    subscriber: string;
    plan: string;
    kind: string;
    status: string;
    state: string;
    suspended_reason: string | null;
    has_password: boolean;
    /** Since when it is this one; null when that is not known. */
    password_set_at: string | null;
    mac_lock: string | null;
    simultaneous_use: number;
    expires_at: string | null;
    /** Validities that wait for the first session: then there is no end yet. */
    unused_validities: number;
    valid_until: string | null;
    used_bytes: number;
    allowance_bytes: number | null;
    /** Time online that was sold and used, in seconds; null where it is not counted. */
    online_s: number | null;
    online_used_s: number | null;
    /** The plan has other rules at some hours of the week. */
    has_hours: boolean;
    service_until: string | null;
  } | null;
  /** A voucher that was not yet used. */
  voucher: { code: string; plan: string; voided: boolean } | null;
  /** What was tried in vain, of late, with this name or from this device at this router. */
  tries: { tries: number | null; wait_until: string | null } | null;
  online: number;
  sessions: {
    station: string | null;
    address: string | null;
    router: string | null;
    started_at: string;
    updated_at: string;
  }[];
  last_try: { at: string; reply: string; reason: string } | null;
}

/** The decision with all that it stands on. */
export interface Explained {
  /** False where nothing at all is answered. */
  answered: boolean;
  decision: 'accept' | 'garden' | 'reject';
  /** One of docs/reference/reasons.md. */
  reason: string;
  /** What the customer reads. */
  sentence: string;
  /** What staff should know, and what cures it. */
  explanation: string;
  remedy: string | null;
  reply: { attribute: string; value: string }[];
  facts: Facts;
}

/**
 * "Why can't they connect?": asks the very function that FreeRADIUS asks, as if this router had, and gives what each check looks at
 * (checks.ts puts it into words). Changes nothing.
 */
export async function explainAccess(
  ctx: Context,
  question: AccessQuestion,
): Promise<{ kind: 'explained'; explained: Explained } | { kind: 'router_not_found' }> {
  const { username, mac, router_id, service, method, signed, proxied, at, tried } = question;
  const rows = await ctx.tx.$queryRaw<{ explained: Explained | null }[]>`
    SELECT aaa_explain_at(${at ?? null}::timestamptz, ${username}, ${mac ?? null}::text, ${router_id ?? null}::bigint, ${service ?? null}::text, ${method ?? null}::text, ${signed ?? true}::boolean, ${proxied ?? false}::boolean, ${tried ? JSON.stringify(tried) : null}::jsonb) AS explained`;
  const explained = rows[0]?.explained;
  return explained ? { kind: 'explained', explained } : { kind: 'router_not_found' };
}
