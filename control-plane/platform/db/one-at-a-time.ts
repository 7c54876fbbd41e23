import { Client, type ClientConfig } from 'pg';

type Query = (...args: unknown[]) => unknown;

/**
 * A connection that sends one statement after another. Prisma starts the parts of one `include` side by side inside a transaction, whose single
 * connection can only take them in turn; pg used to queue them itself, warns about it now and stops doing so in its next major version.
 */
export class OneAtATimeClient extends Client {
  private last: Promise<unknown> = Promise.resolve();

  constructor(config?: string | ClientConfig) {
    super(config);
    // A connection that breaks fails its query; that it also says so at a moment when nobody listens (just opened, or between hands) would end the process.
    this.on('error', () => undefined);
    const send = super.query.bind(this) as Query;
    const inTurn: Query = (...args) => {
      // With a callback or a cursor (the pool's own housekeeping) pg decides when it runs.
      if (typeof args.at(-1) === 'function' || typeof (args[0] as { submit?: unknown } | null)?.submit === 'function')
        return send(...args);
      const mine = this.last.then(() => send(...args));
      this.last = mine.then(
        () => undefined,
        () => undefined,
      );
      return mine;
    };
    this.query = inTurn as Client['query'];
  }
}
