import type { ApiTarget } from '../routeros';

/** How a router was asked by RADIUS. */
export type Via = 'coa' | 'disconnect';
export type Outcome = 'ack' | 'nak' | 'silence';

/** One exchange that was had about a row, oldest first in `Task.history`. Only those since the row was last (re)started. */
export interface Attempt {
  via: Via | 'api';
  outcome: Outcome;
  /** RFC 5176 section 3.5; null when the router gave none. */
  errorCause: number | null;
  /** Seconds since it ended. */
  agoS: number;
}

/** Where and how a router takes CoA. */
export interface TaskNas {
  name: string;
  type: 'mikrotik' | 'other';
  secret: string;
  /** While its secret is being replaced the other one that it may hold; null otherwise. */
  otherSecret: string | null;
  address: string;
  port: number;
  /** The RadSec front that holds the router's connection, through which orders go; null: by UDP. */
  front: string | null;
  /** How its RouterOS API is reached, with the password still sealed; null when that is not known. */
  api: TaskApi | null;
}

/** A router's API as it stands in the row. */
export interface TaskApi extends Omit<ApiTarget, 'password' | 'nextPassword'> {
  passwordSealed: Buffer;
  /** While its password is being replaced. */
  nextPasswordSealed?: Buffer;
}

/** A device that waits on a hotspot, and what it is logged in with. */
export interface TaskLogin {
  username: string;
  password: string;
  mac: string;
  /** It has a session by now. */
  online: boolean;
  /** As many other devices as the service may have are still in: one of them has just been told to go. */
  crowded: boolean;
}

/** The open session as the listener knows it. */
export interface TaskSession {
  username: string;
  acctSessionId: string;
  framedIp: string | null;
  nasIdentifier: string | null;
  nasIpAddress: string | null;
  service: 'ppp' | 'hotspot' | 'other';
  mode: 'full' | 'throttled' | 'garden' | null;
  /** As the router last reported it. */
  rateLimit: string | null;
  /** Seconds since its last accounting record arrived. */
  heardS: number;
  mac: string | null;
  /** Seconds since it began, at the least. */
  ageS: number;
}

/** What the session is to be changed to; read from the subscription at the moment of sending. */
export interface TaskChange {
  rateLimit: string | null;
  addressList: string | null;
  /** The router reports the rate that it acknowledged. */
  sameRate: boolean;
  /** From the session's start. */
  sessionTimeoutS: number | null;
  /** The same from now. */
  leftS: number | null;
  totalLimitBytes: bigint | null;
}

/** A claimed enforcement row with all that is needed to act on it. */
export interface Task {
  id: string;
  /** The row's version: a row that was started again meanwhile has another. */
  due: string;
  nasId: string;
  /** The router did not answer when it was asked last, by whichever enforcer. */
  silent: boolean;
  /** Null for a login, which concerns a device without a session. */
  sessionId: string | null;
  tenantId: string;
  kind: 'cut' | 'throttle' | 'restore' | 'refresh' | 'login';
  reason: string;
  /** A rate set by staff, which no login would bring back. */
  byHand: boolean;
  /** Still true of the subscription. */
  wanted: boolean;
  history: Attempt[];
  /** Null: the router was deleted. */
  nas: TaskNas | null;
  /** Null: the session has ended. */
  session: TaskSession | null;
  /** Only for a login. */
  login: TaskLogin | null;
  /** How it ended, when it has. */
  endedBy: string | null;
  interimS: number;
  /** Seconds until silence proves that the session is gone; null while silence proves nothing. */
  silenceProvesInS: number | null;
  change: TaskChange;
}

interface ApiJson {
  address: string;
  port: number;
  username: string;
  password_sealed: string;
  next_password_sealed: string | null;
  tls: boolean;
  fingerprint: string | null;
}

/** The row that enforcement_claim (prisma/functions/enforcement-work.sql) gives. */
interface ClaimedJson {
  id: string;
  due: string;
  nas_id: string;
  silent: boolean;
  session_id: string | null;
  tenant_id: string;
  kind: Task['kind'];
  reason: string;
  by_hand: boolean;
  wanted: boolean | null;
  history: { via: Via | 'api'; outcome: Outcome; error_cause: number | null; ago_s: number }[];
  nas: (Omit<TaskNas, 'api' | 'otherSecret'> & { api: ApiJson | null; other_secret: string | null }) | null;
  login: TaskLogin | null;
  session: {
    username: string;
    acct_session_id: string;
    framed_ip: string | null;
    nas_identifier: string | null;
    nas_ip_address: string | null;
    service: TaskSession['service'];
    mode: TaskSession['mode'];
    rate_limit: string | null;
    heard_s: number;
    mac: string | null;
    age_s: number;
  } | null;
  ended_by: string | null;
  interim_s: number;
  silence_proves_in_s: number | null;
  /** Null for a cut. */
  change: {
    rate_limit: string | null;
    address_list: string | null;
    same_rate: boolean;
    session_timeout_s: number | null;
    left_s: number | null;
    total_limit_bytes: string | null;
  } | null;
}

const NO_CHANGE: TaskChange = {
  rateLimit: null,
  addressList: null,
  sameRate: false,
  sessionTimeoutS: null,
  leftS: null,
  totalLimitBytes: null,
};

/** Reads a claimed row as it comes from the database. */
export function readTask(json: unknown): Task {
  const row = json as ClaimedJson;
  return {
    id: row.id,
    due: row.due,
    nasId: row.nas_id,
    silent: row.silent,
    sessionId: row.session_id,
    tenantId: row.tenant_id,
    kind: row.kind,
    reason: row.reason,
    byHand: row.by_hand,
    wanted: row.wanted ?? false,
    history: row.history.map((a) => ({
      via: a.via,
      outcome: a.outcome,
      errorCause: a.error_cause,
      agoS: a.ago_s,
    })),
    nas: row.nas && readNas(row.nas),
    login: row.login,
    session: row.session && readSession(row.session),
    endedBy: row.ended_by,
    interimS: row.interim_s,
    silenceProvesInS: row.silence_proves_in_s,
    change: row.change === null ? NO_CHANGE : readChange(row.change),
  };
}

function readChange(row: NonNullable<ClaimedJson['change']>): TaskChange {
  return {
    rateLimit: row.rate_limit,
    addressList: row.address_list,
    sameRate: row.same_rate,
    sessionTimeoutS: row.session_timeout_s,
    leftS: row.left_s,
    totalLimitBytes: row.total_limit_bytes === null ? null : BigInt(row.total_limit_bytes),
  };
}

function readNas({ other_secret: otherSecret, api, ...rest }: NonNullable<ClaimedJson['nas']>): TaskNas {
  return { ...rest, otherSecret, api: api && readApi(api) };
}

function readApi(row: ApiJson): TaskApi {
  const { address, port, username, tls, fingerprint, next_password_sealed: next } = row;
  const passwordSealed = Buffer.from(row.password_sealed, 'base64');
  return {
    address,
    port,
    username,
    tls,
    passwordSealed,
    ...(next !== null && { nextPasswordSealed: Buffer.from(next, 'base64') }),
    ...(fingerprint !== null && { fingerprint256: fingerprint }),
  };
}

function readSession(row: NonNullable<ClaimedJson['session']>): TaskSession {
  return {
    username: row.username,
    acctSessionId: row.acct_session_id,
    framedIp: row.framed_ip,
    nasIdentifier: row.nas_identifier,
    nasIpAddress: row.nas_ip_address,
    service: row.service,
    mode: row.mode,
    rateLimit: row.rate_limit,
    heardS: row.heard_s,
    mac: row.mac,
    ageS: row.age_s,
  };
}
