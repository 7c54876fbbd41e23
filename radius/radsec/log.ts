import { RateLimit, type PartLog } from '../part';

const ONCE_PER_MS = 60_000;

/** Lets a line about one thing through at most once a minute, so that strangers cannot fill the log. */
export class QuietLog {
  private readonly limit = new RateLimit(ONCE_PER_MS);

  constructor(private readonly log: PartLog) {}

  warn(about: string, fields: object, message: string): void {
    if (this.limit.allows(about, performance.now())) this.log.warn(fields, message);
  }
}
