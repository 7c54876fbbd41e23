import type { ApiUser } from './api-server';
import type { RouterClock } from './clock';
import type { MacFormat } from './mac-format';
import type { PoolOptions } from './pools';
import type { RouterOsVersion } from './profile';
import type { Rate } from './rate-limit';

/** One row of the `/radius` table; rows are asked in order, each until its tries are used up. */
export interface RadiusRow {
  address: string;
  authPort: number;
  acctPort: number;
  /** Default: the router's. */
  secret?: string;
  /** Services it is asked for, e.g. `ppp`. Default: all. */
  services?: readonly string[];
  /** Default: the router's. */
  timeout_ms?: number;
  /** `src-address`. Default: the router's address. */
  sourceAddress?: string;
}

export interface RouterOptions {
  /** `/system identity`, sent as NAS-Identifier. */
  identity: string;
  /** Source address of everything, any 127.x.y.z; the CoA port listens on it too. */
  address: string;
  /** NAS-IP-Address, when the router believes in another address than its packets come from. */
  nasIpAddress?: string;
  version?: RouterOsVersion;
  /** Its board: whether it has a flash/ folder and how large its disk is. */
  system?: { flash?: boolean; disk_bytes?: number };
  secret: string;
  servers: RadiusRow[];
  /** `/radius timeout` of each send. Default 3000, the provisioned value. */
  timeout_ms?: number;
  /** Sends of one request to one server, with identical octets. Default 3. */
  tries?: number;
  /** `/radius realm`, sent as Mikrotik-Realm. */
  realm?: string;
  /** `require-message-auth`; default by version. */
  requireMessageAuthenticator?: boolean;
  /** `/radius incoming`. Port 0 takes a free one. Default accept, port 0. */
  incoming?: { accept?: boolean; port?: number };
  /** `/ip service api`, off without this; port 0 takes a free one. With `tls` it is api-ssl. */
  api?: {
    port?: number;
    users: readonly ApiUser[];
    tls?: { key: string; cert: string };
    /** `challenge` is the login of versions before 6.43. Default plain. */
    login?: 'plain' | 'challenge';
  };
  /** `/ip pool`. Default: `default` and `hs-pool`, 10.64.0.2 and 10.65.0.2 with 4,000 addresses each. */
  pools?: Record<string, PoolOptions>;
  pppoe?: {
    /** Service-name of the server, sent as Called-Station-Id. Default `isp`. */
    serviceName?: string;
    /** Interface it runs on, sent as NAS-Port-Id. Default `ether2`. */
    interface?: string;
    /** Pool of the default profile. Default `default`. */
    pool?: string;
    /** `/ppp aaa interim-update`, used without Acct-Interim-Interval; 0 is none. Default 0. */
    interim_s?: number;
    /** Dials authenticated at the same time; the rest waits. Default 20. */
    dialsInFlight?: number;
    /** The address of a MAC that dials again is taken from its older session. Default true. */
    oneSessionPerHost?: boolean;
    /** Whether the Access-Request carries Acct-Session-Id: the manual says so, the one capture has none. Default true. */
    sessionIdInAccessRequest?: boolean;
  };
  hotspot?: {
    /** Name of the server, sent as Called-Station-Id. Default `hotspot1`. */
    serverName?: string;
    interface?: string;
    /** Pool the devices get their addresses from. Default `hs-pool`. */
    pool?: string;
    /** Sent as NAS-Port-Type: 19 wireless (default), 15 ethernet. */
    nasPortType?: number;
    gateway?: string;
    /** `radius-mac-format`, of Calling-Station-Id and of the name when a MAC is tried. Default `XX:XX:XX:XX:XX:XX`. */
    macFormat?: MacFormat;
    /** `mac-auth-mode`: with `mac-as-username-and-password` the MAC is also the password of a tried device, else what its login says. */
    macAuthMode?: 'mac-as-username' | 'mac-as-username-and-password';
  };
  /** `/ppp aaa accounting` and `radius-accounting`. Default true. */
  accounting?: boolean;
  /** Interims leave by themselves at their interval. Default true; false for tests that send each by hand. */
  automaticInterims?: boolean;
  /** Accounting-On when the router comes up. Default true. */
  accountingOn?: boolean;
  /** What nobody has documented and a server must survive either way. */
  undocumented?: {
    /** Session-Timeout in a CoA counts from the session's start or from now. Default `start`. */
    coaSessionTimeoutFrom?: 'start' | 'now';
    /** A NAK tells its Error-Cause. Default true. */
    errorCauseInNak?: boolean;
    /** A CoA or Disconnect that arrives again gets the first answer again (RFC 5176 section 2.3). Default true. */
    repeatCoaReply?: boolean;
    /** Acct-Terminate-Cause after a Disconnect: 6 Admin-Reset (default) or 10 NAS-Request. */
    disconnectCause?: 'Admin-Reset' | 'NAS-Request';
  };
  clock?: RouterClock;
  /** Of everything random, so that a run can be repeated. Default 1. */
  seed?: number;
  /** How often it had booted before: the digit of its session ids (modulo 16). Of the seed's choosing where it is not said. */
  boots?: number;
}

export type PppoeAuthentication = 'pap' | 'chap' | 'mschap1' | 'mschap2';

interface LoginOptions {
  /** Octets when the name is no UTF-8. */
  username: string | Buffer;
  password: string;
  /** Default: a locally administered address counted up by the router. */
  mac?: string;
  /** What the subscriber tries to move; the rate limit caps it. Default nothing: see Session.addTraffic. */
  traffic?: Rate;
  /** The device dials again that long after it was thrown off or refused. Default: never. */
  redial_ms?: number;
}

export interface PppoeLogin extends LoginOptions {
  /** Default mschap2, as most CPEs choose. */
  authentication?: PppoeAuthentication;
  /** The VLAN or port, when it is not the server's. */
  interface?: string;
}

export interface HotspotLogin extends LoginOptions {
  /** `mac` is the router's own try when a device appears: the user is its MAC. Default chap. */
  authentication?: 'pap' | 'chap' | 'mac';
  /** What a browser answered to the challenge of a login page; without it the router's client answers one itself. */
  chap?: { challenge: Buffer; response: Buffer };
  /** The device's own address; default one of the pool. */
  hostAddress?: string;
}
