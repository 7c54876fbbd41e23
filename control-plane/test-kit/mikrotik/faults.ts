import type { Packet } from '../../../radius/packet';
import type { Random } from './random';

/** What the CoA port does with a request that it would have obeyed. */
export type CoaBehaviour = 'normal' | 'silent' | 'nak' | 'ack_without_effect' | 'wrong_secret';

/** What the API does with a command; `in_pieces` sends every octet by itself. */
export type ApiBehaviour = 'normal' | 'silent' | 'drop' | 'done_without_effect' | 'in_pieces';

/** What may go wrong; every field may be changed at any time. Chances are from 0 to 1 and for each send. */
export interface Faults {
  /** Chance that a send is lost. */
  loss: number;
  /** Chance that a reply is lost, so that the server sees the same octets again. */
  replyLoss: number;
  /** Chance that a send arrives twice. */
  duplicate: number;
  /** Chance that a send is held back until another one has overtaken it (or 200 ms have passed). */
  reorder: number;
  /** Each send waits for a time between these, in milliseconds. */
  delay_ms: readonly [least: number, most: number];
  /** Full control over single sends; what it returns goes before the chances above, undefined leaves it to them. */
  intercept: ((packet: Packet, attempt: number) => 'send' | 'drop' | 'twice' | undefined) | undefined;
  /** Signs requests with this secret instead of the right one. */
  wrongSecret: string | undefined;
  /** Sends counters without their upper 32 bits, as a router without Gigawords does: they wrap at 4 GiB. */
  counters32: boolean;
  /** Added to the router's clock in Event-Timestamp. */
  clockSkew_ms: number;
  /** Event-Timestamp always says this: new Date(0) for a router that never heard of NTP. */
  frozenTimestamp: Date | undefined;
  coa: CoaBehaviour;
  /** The CoA port thinks that long before it acts and answers. */
  coaDelay_ms: number;
  api: ApiBehaviour;
  /** The API thinks that long before it answers. */
  apiDelay_ms: number;
}

/** No faults. */
export function noFaults(): Faults {
  return {
    loss: 0,
    replyLoss: 0,
    duplicate: 0,
    reorder: 0,
    delay_ms: [0, 0],
    intercept: undefined,
    wrongSecret: undefined,
    counters32: false,
    clockSkew_ms: 0,
    frozenTimestamp: undefined,
    coa: 'normal',
    coaDelay_ms: 0,
    api: 'normal',
    apiDelay_ms: 0,
  };
}

const LONGEST_HOLD_MS = 200;

/** The wire between router and server, with the faults applied. */
export class FaultyWire {
  private held: (() => void)[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly faults: Faults,
    private readonly random: Random,
  ) {}

  transmit(packet: Packet, attempt: number, put: () => void): void {
    const decided = this.faults.intercept?.(packet, attempt);
    if (decided === 'drop' || (decided === undefined && this.happens(this.faults.loss))) return;
    const times = decided === 'twice' || (decided === undefined && this.happens(this.faults.duplicate)) ? 2 : 1;
    const send = () => {
      for (let i = 0; i < times; i++) put();
    };
    if (decided === undefined && this.happens(this.faults.reorder)) this.hold(send);
    else this.sendLater(send);
  }

  losesReply(): boolean {
    return this.happens(this.faults.replyLoss);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.held = [];
  }

  private sendLater(send: () => void): void {
    const [least, most] = this.faults.delay_ms;
    const release = () => {
      send();
      this.flush();
    };
    if (most === 0) release();
    else this.later(least + this.random() * (most - least), release);
  }

  private hold(send: () => void): void {
    this.held.push(send);
    this.later(LONGEST_HOLD_MS, () => this.flush());
  }

  private flush(): void {
    const held = this.held;
    this.held = [];
    for (const send of held) send();
  }

  private later(delay_ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, delay_ms);
    this.timers.add(timer);
  }

  private happens(chance: number): boolean {
    return chance > 0 && this.random() < chance;
  }
}
