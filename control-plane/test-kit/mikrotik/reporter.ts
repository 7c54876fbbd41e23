import type { RouterClock } from './clock';
import type { AccountingOutcome, EventLog } from './events';
import type { Faults } from './faults';
import type { RadiusClient } from './radius-client';
import { accountingOnRequest, accountingRequest, type RouterIdentity } from './requests';
import type { Session, TerminateCause } from './session';

export type Status = 'Start' | 'Interim-Update' | 'Stop';

interface Reporting {
  about: RouterIdentity;
  client: RadiusClient;
  clock: RouterClock;
  faults: Faults;
  events: EventLog;
  /** Off: not a word of accounting is sent. */
  on: boolean;
}

/** What a router tells of its sessions and of its own start, by RADIUS accounting. */
export class Reporter {
  private closed = false;

  constructor(private readonly of: Reporting) {}

  /** Resolves when the record is acknowledged or given up. */
  async report(session: Session, status: Status, cause?: TerminateCause): Promise<AccountingOutcome | undefined> {
    const { about, client, clock, faults, events, on } = this.of;
    if (!on) return undefined;
    const record = { status, counters: session.counters, at_ms: clock.now_ms(), acknowledged: false };
    session.record(record);
    const facts = { status, eventTime: this.eventTime(), counters32: faults.counters32, ...(cause && { cause }) };
    const built = (identifier: number, secret: Buffer) => accountingRequest(about, session, facts, identifier, secret);
    const outcome = await client.account(built, session.identity.service === 'pppoe' ? 'ppp' : 'hotspot');
    record.acknowledged = outcome.kind === 'acknowledged';
    if (!this.closed) events.emit({ kind: 'accounting', session, status, outcome });
    return outcome;
  }

  /** Accounting-On. */
  async announce(): Promise<void> {
    const { about, client, events, on } = this.of;
    if (!on) return;
    const time = this.eventTime();
    const outcome = await client.account((identifier, secret) => accountingOnRequest(about, time, identifier, secret));
    if (!this.closed) events.emit({ kind: 'accounting', session: undefined, status: 'Accounting-On', outcome });
  }

  /** Nothing more is told of what comes back. */
  close(): void {
    this.closed = true;
  }

  private eventTime(): Date {
    const { clock, faults } = this.of;
    return faults.frozenTimestamp ?? new Date(clock.now_ms() + faults.clockSkew_ms);
  }
}
