import type { HookEvent, HookKind, HookOutcome, HookTools } from './kind';
import { createLine, goesTogether, type Held } from './line';
import { createNotes, note } from './note';

const AT_ONCE = 6;
/** While a go of calls that go together is at work, what comes gathers for the next one; a go that takes longer than this holds up nobody. */
const GATHERED_MS = 100;
/** Calls in one go: the first of them is as late as the last. */
const TOGETHER_MOST = 32;
/** More than this waits in the table alone, for the sweep: some forty megabytes. */
const HELD_MAX = 20_000;
/** A call is kept for us for half a minute; while a rush is worked off, those that still wait are kept for longer. */
const HOLD_EVERY_MS = 10_000;

/** Works on calls that this process has just kept, a few at a time, in the order in which they came. */
export interface HookDesk {
  put(kind: HookKind, event: HookEvent): void;
  /** What is begun is finished; the rest stands in the table and is taken up by the jobs. */
  stop(): Promise<void>;
}

export function createHookDesk(tools: HookTools): HookDesk {
  const waiting = createLine();
  const running = new Set<Promise<void>>();
  /** Goes for whose end others wait. */
  const fresh = new Set<readonly Held[]>();
  let stopped = false;
  const put = (call: Held): void => {
    waiting.put(call);
    next();
  };
  const notes = createNotes(tools, (kind, event) => put({ kind, event, alone: true }));
  const hold = setInterval(() => void holdOn(waiting.all(), tools), HOLD_EVERY_MS);
  hold.unref();
  const next = (): void => {
    while (!stopped && running.size < AT_ONCE) {
      const taken = waiting.take(fresh.size === 0 ? TOGETHER_MOST : 0);
      if (taken.length === 0) return;
      begin(taken);
    }
  };
  const begin = (calls: Held[]): void => {
    if (calls.some(goesTogether)) fresh.add(calls);
    const late = setTimeout(() => {
      fresh.delete(calls);
      next();
    }, GATHERED_MS);
    const work = workOff(calls).finally(() => {
      clearTimeout(late);
      fresh.delete(calls);
      running.delete(work);
      next();
    });
    running.add(work);
  };
  const workOff = async (calls: Held[]): Promise<void> => {
    const [first] = calls;
    const outcomes =
      calls.length > 1 || !first ? await lookMany(calls, tools) : [await look(first.kind, first.event, tools)];
    waiting.putFirst(calls.filter((_, at) => !outcomes[at]).map((call) => ({ ...call, alone: true })));
    for (const [at, { kind, event }] of calls.entries()) {
      const outcome = outcomes[at];
      if (outcome) await notes.take(kind, event, outcome);
    }
  };
  return {
    put(kind, event) {
      if (!stopped && waiting.all().length < HELD_MAX) put({ kind, event, alone: false });
    },
    async stop() {
      stopped = true;
      clearInterval(hold);
      notes.close();
      await Promise.all(running);
      await notes.idle();
    },
  };
}

/** Works on one call and writes down what became of it. */
export async function workOn(kind: HookKind, event: HookEvent, tools: HookTools): Promise<void> {
  await note(event, await look(kind, event, tools), tools);
}

async function look(kind: HookKind, event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  try {
    return await kind.handle(event, tools);
  } catch (error) {
    tools.log.warn({ err: error, hook: event.id.toString(), kind: event.kind }, 'a call is tried again');
    return { kind: 'later', note: error instanceof Error ? error.name : 'fault' };
  }
}

/** What became of each; of none where one of them made all stumble. */
async function lookMany(calls: readonly Held[], tools: HookTools): Promise<(HookOutcome | undefined)[]> {
  const [first] = calls;
  try {
    return (
      (await first?.kind.handleTogether?.(
        calls.map(({ event }) => event),
        tools,
      )) ?? []
    );
  } catch (error) {
    tools.log.warn({ err: error, kind: first?.kind.kind, calls: calls.length }, 'calls are worked on one by one');
    return [];
  }
}

/** Nobody else takes up what waits here; what this process leaves behind falls free within half a minute. */
async function holdOn(waiting: readonly { event: HookEvent }[], tools: HookTools): Promise<void> {
  if (waiting.length === 0) return;
  const ids = waiting.map(({ event }) => event.id);
  await tools.db.outside.$executeRaw`SELECT hook_hold(${ids}::bigint[])`.catch((error: unknown) =>
    tools.log.warn({ err: error, calls: ids.length }, 'calls that wait are not held; the jobs may take them too'),
  );
}

/** Who acts when a provider has called. */
export function providerActor(event: HookEvent) {
  return { kind: 'provider' as const, id: null, name: event.kind, ip: event.ip, permissions: new Set<never>() };
}
