/** What the front writes its log lines to; pino's loggers are one. */
export interface RadsecLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Lets a line about one thing through at most once a minute, so that strangers cannot fill the log. Bounded in keys. */
export class QuietLog {
  private readonly last = new Map<string, number>();

  constructor(private readonly log: RadsecLog) {}

  warn(about: string, fields: object, message: string): void {
    const now_ms = performance.now();
    const last = this.last.get(about);
    if (last !== undefined && now_ms - last < 60_000) return;
    if (this.last.size >= 1000) this.last.clear();
    this.last.set(about, now_ms);
    this.log.warn(fields, message);
  }
}
