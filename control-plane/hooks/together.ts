interface Waiting<I, O> {
  one: I;
  done: (result: O) => void;
  failed: (error: unknown) => void;
}

export interface Together<I, O> {
  put(one: I): Promise<O>;
  /** Resolves once nothing is under way or waits. */
  idle(): Promise<void>;
}

/**
 * Does in one go what comes while the last go was under way (and for `pause_ms` after it): a statement and its commit cost several times what one row in it does.
 * What comes alone waits for nobody. A go that fails is done again one by one, so that one that Postgres stumbles over does not speak for the others.
 * @param work gives a result for each, in their order
 */
export function together<I, O>(
  { most, pause_ms = 0 }: { most: number; pause_ms?: number },
  work: (batch: I[]) => Promise<O[]>,
): Together<I, O> {
  const waiting: Waiting<I, O>[] = [];
  const idlers: (() => void)[] = [];
  let busy = false;

  const settle = async (batch: Waiting<I, O>[]): Promise<void> => {
    try {
      const results = await work(batch.map(({ one }) => one));
      if (results.length !== batch.length) throw new Error(`${batch.length} were put and ${results.length} came back`);
      batch.forEach(({ done }, at) => done(results[at] as O));
    } catch (error) {
      if (batch.length === 1) batch[0]?.failed(error);
      else for (const each of batch) await settle([each]);
    }
  };
  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      await settle(waiting.splice(0, most));
      // Nobody waits for the pause who asks for quiet.
      if (pause_ms > 0 && idlers.length === 0 && waiting.length < most) await pause(pause_ms);
    }
    busy = false;
    for (const told of idlers.splice(0)) told();
  };
  let wake: (() => void) | undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((over) => {
      const timer = setTimeout(over, ms);
      wake = () => {
        clearTimeout(timer);
        over();
      };
    });
  return {
    put: (one) =>
      new Promise<O>((done, failed) => {
        waiting.push({ one, done, failed });
        if (busy) return;
        busy = true;
        // After this turn of the event loop: what else has arrived by then goes along.
        setImmediate(() => void run());
      }),
    idle: () =>
      new Promise<void>((quiet) => {
        if (!busy) return quiet();
        idlers.push(quiet);
        wake?.();
      }),
  };
}
