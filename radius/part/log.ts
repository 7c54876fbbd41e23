/** What a part writes its log lines to; pino's loggers are one. */
export interface PartLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Lets a line through at most once per key and interval, so that a flood of bad packets is no flood of lines. Bounded in keys. */
export class RateLimit {
  private readonly last = new Map<string, number>();

  constructor(
    private readonly every_ms: number,
    private readonly maxKeys = 1000,
  ) {}

  allows(key: string, now_ms: number): boolean {
    const last = this.last.get(key);
    if (last !== undefined && now_ms - last < this.every_ms) return false;
    if (last === undefined && this.last.size >= this.maxKeys) this.last.clear();
    this.last.set(key, now_ms);
    return true;
  }
}
