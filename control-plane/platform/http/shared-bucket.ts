import { createHash } from 'node:crypto';
import type { Database } from '../db/prisma';

/** Takes requests out of the bucket that all processes share, and gives what is left in it; undefined when it is to be asked later. */
export type TakeTogether = (key: string, n: number, burst: number, perSecond: number) => Promise<number | undefined>;

/** Questions of a process that are open at once: what does not answer must not hold the connections that pages need. */
const MOST_OPEN = 2;

/** The shared buckets, in Postgres (prisma/functions/request-buckets.sql). Keys go there as digests: nobody's address is kept for it. */
export function sharedBuckets(db: Pick<Database, 'outside'>): TakeTogether {
  let open = 0;
  return async (key, n, burst, perSecond) => {
    if (open >= MOST_OPEN) return undefined;
    open += 1;
    try {
      const digest = createHash('sha256').update(key).digest().subarray(0, 16);
      const [row] = await db.outside.$queryRaw<{ left: number }[]>`
        SELECT request_bucket_take(${digest}, ${n}::integer, ${burst}::integer, ${perSecond}::double precision) AS left`;
      return row?.left ?? burst;
    } finally {
      open -= 1;
    }
  };
}

/** A process tells the others of every twentieth part of a bucket: whoever is far from a limit costs no question. */
const PARTS = 20;

/** What one process has taken out of a bucket and not told the others yet. */
export class Share {
  private unsaid = 0;
  private asking = false;

  /**
   * Notes one request; once a part of the bucket is unsaid, the others are told, and `heard` is given what is left to all. Nobody waits for it. Where Postgres
   * does not answer, this process counts alone.
   */
  note(
    together: TakeTogether | undefined,
    { key, burst, perSecond }: { key: string; burst: number; perSecond: number },
    heard: (left: number) => void,
  ): void {
    this.unsaid += 1;
    if (!together || this.asking || this.unsaid < Math.max(1, Math.floor(burst / PARTS))) return;
    const said = this.unsaid;
    this.unsaid = 0;
    this.asking = true;
    void together(key, said, burst, perSecond)
      .then(
        (left) => {
          if (left === undefined) this.unsaid += said;
          // What was taken while it was asked is not in the answer.
          else heard(left - this.unsaid);
        },
        () => undefined,
      )
      .finally(() => (this.asking = false));
  }
}
