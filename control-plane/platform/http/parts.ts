import type { Request } from 'express';
import { isIPv4 } from 'node:net';
import type { Database } from '../db/prisma';
import type { Log } from '../log';
import type { RequestLimits } from './limits';
import type { SignInLookup } from './person';
import type { PageRenderer } from './render';

/** What the routes of one web process work with. */
export interface HttpParts {
  db: Database;
  lookup: SignInLookup;
  log: Log;
  /** As people reach us; https switches on Secure cookies and HSTS. */
  publicUrl: string;
  /** Requests a minute for one token. */
  apiRatePerMinute: number;
  renderer: PageRenderer | undefined;
  /** Counts what strangers ask for; made anew where left out. Tests bring one with a clock of their own. */
  limits?: RequestLimits | undefined;
}

/** The caller's address, IPv4 without its IPv6 mapping. Behind a trusted proxy it is the one the proxy tells. */
export function callerIp(req: Request): string {
  const ip = req.ip ?? '127.0.0.1';
  const mapped = ip.replace(/^::ffff:/i, '');
  return isIPv4(mapped) ? mapped : ip.replace(/%.*$/, '');
}
