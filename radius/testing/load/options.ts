/** What to send. The accounting kinds walk through the sessions in order; the others through the users. */
export type LoadKind = 'pap' | 'chap' | 'mschapv2' | 'start' | 'interim' | 'stop';

export interface LoadOptions {
  host: string;
  port: number;
  secret: string;
  kind: LoadKind;
  /**
   * `closed`: that many requests are always in flight. `open`: that many are begun each second whatever comes back;
   * what cannot be begun because every identifier is in flight counts as `overrun`.
   */
  mode: { kind: 'closed'; outstanding: number } | { kind: 'open'; rate_per_s: number };
  /** Length of the measurement after the warm-up. Ignored when `total` is given. */
  duration_ms: number;
  /** Sent before the measurement begins; default 0. */
  warmup_ms?: number;
  /** Send exactly this many requests and end, instead of by time (all Starts of a bench, for instance). */
  total?: number;
  /** Users are named prefix + number with `digits` digits, from 0; all have the same password. Sessions have the user's number. */
  users: { prefix: string; digits: number; count: number; password: string };
  /** Processes that send; default 1. */
  workers?: number;
  /** UDP sockets in each process, each with its own 256 identifiers; default as many as the mode needs. */
  socketsPerWorker?: number;
  /** Local address to send from; default 127.0.0.1. It is also the NAS-IP-Address. */
  sourceAddress?: string;
  /** Wait for each send; default 1000. */
  timeout_ms?: number;
  /** Sends of one request in all, with identical octets; default 3. */
  tries?: number;
  /** Access-Requests carry a Message-Authenticator and replies without one are bad; default true. */
  messageAuthenticator?: boolean;
  /** The round that this run begins with, so that the counters of a later run go on above those of an earlier one; default 0. */
  firstRound?: number;
  /** Octets by which each interim of a session exceeds the one before, upload; download grows ten times as fast. Default 100,000. */
  step_octets?: number;
}

/** What one process sent and saw during its measurement. Times are in milliseconds. */
export interface WorkerReport {
  /** The users or sessions that belong to this process: `count` of them from `first`. */
  share: { first: number; count: number };
  /** Requests begun in all, warm-up included. The n-th (from 0) is for user or session first + n % count, in round firstRound + floor(n / count). */
  issued: number;
  measured_ms: number;
  accepts: number;
  rejects: number;
  /** Accounting-Responses. */
  acks: number;
  timeouts: number;
  retransmits: number;
  /** Replies that did not verify or were of a wrong code. */
  badReplies: number;
  overruns: number;
  /** Microseconds of each answered request, in the buckets of histogram.ts. */
  latencies: number[];
  /** CPU of the process during the measurement. */
  cpu_ms: number;
}

export interface LoadResult extends Omit<WorkerReport, 'share' | 'issued' | 'latencies'> {
  /** Answered requests (accepts, rejects and acks) a second. */
  answered_per_s: number;
  accepts_per_s: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
  /**
   * The busiest sending process, as a share of one core. Below about 0.9 the generator was not what limited the figure.
   */
  busiest_worker_cpu: number;
  workers: Pick<WorkerReport, 'share' | 'issued' | 'cpu_ms' | 'measured_ms'>[];
}
