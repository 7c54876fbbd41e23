import type { Context } from '../platform/context';

/** Who asks to get in, from where and how. */
export interface AccessQuestion {
  username: string;
  /** In any usual form; without it a lock to a device is not held against anybody. */
  mac?: string | undefined;
  /** Without it the router where this login was last tried, else the company's first MikroTik. */
  router_id?: bigint | undefined;
  /** Without it what the plan is for. */
  service?: 'ppp' | 'hotspot' | undefined;
  /** `none`: a request without any credential. Another only says how it was asked: the password is taken to be right. */
  method?: string | undefined;
  /** Whether the request carries a Message-Authenticator; yes unless said otherwise. */
  signed?: boolean | undefined;
  /** Whether it came through a proxy, which leaves its Proxy-State in it; no unless said otherwise. */
  proxied?: boolean | undefined;
  /** An imagined time, at most IMAGINED_DAYS ahead: what would be answered then if nobody paid or changed anything. Now unless given. */
  at?: Date | undefined;
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
  service: 'ppp' | 'hotspot';
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
  const { username, mac, router_id, service, method, signed, proxied, at } = question;
  const rows = await ctx.tx.$queryRaw<{ explained: Explained | null }[]>`
    SELECT aaa_explain_at(${at ?? null}::timestamptz, ${username}, ${mac ?? null}::text, ${router_id ?? null}::bigint, ${service ?? null}::text, ${method ?? null}::text, ${signed ?? true}::boolean, ${proxied ?? false}::boolean) AS explained`;
  const explained = rows[0]?.explained;
  return explained ? { kind: 'explained', explained } : { kind: 'router_not_found' };
}
