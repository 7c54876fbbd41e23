import type { HookEvent, HookKind, HookOutcome, HookTools } from './kind';
import { together } from './together';

/** Seconds to the next try after the first, second, … that could not be finished; after the last a person must look. */
const RETRY_S = [0.3, 1, 2, 5, 10, 30, 60, 300, 900, 3600] as const;
const AT_ONCE = 6;
/** A call that overtook what it is about is tried so often by who has it, before it is put back. */
const AT_ONCE_TRIES = 2;
/** More than this waits in the table alone, for the sweep: some forty megabytes. */
const HELD_MAX = 20_000;
/** A call is kept for us for half a minute; while a rush is worked off, those that still wait are kept for longer. */
const HOLD_EVERY_MS = 10_000;
/** What became of calls is written down for those of so long together. Who dies before leaves calls that are worked on once more, which changes nothing. */
const NOTE_EVERY_MS = 100;
const NOTED_AT_ONCE = 200;

/** Works on calls that this process has just kept, a few at a time, in the order in which they came. */
export interface HookDesk {
  put(kind: HookKind, event: HookEvent): void;
  /** What is begun is finished; the rest stands in the table and is taken up by the jobs. */
  stop(): Promise<void>;
}

export function createHookDesk(tools: HookTools): HookDesk {
  const waiting: { kind: HookKind; event: HookEvent }[] = [];
  const running = new Set<Promise<void>>();
  const soon = new Set<NodeJS.Timeout>();
  let stopped = false;
  const notes = together({ most: NOTED_AT_ONCE, pause_ms: NOTE_EVERY_MS }, (done: Done[]) => noteMany(done, tools));
  const hold = setInterval(() => void holdOn(waiting, tools), HOLD_EVERY_MS);
  hold.unref();
  const next = (): void => {
    while (!stopped && running.size < AT_ONCE) {
      const one = waiting.shift();
      if (!one) return;
      const work = look(one.kind, one.event, tools)
        .then((outcome) => {
          if (outcome.kind !== 'later') {
            writeDown(one.event, outcome);
            return undefined;
          }
          if (stopped || one.event.tries >= AT_ONCE_TRIES) return note(one.event, outcome, tools);
          again(one.kind, { ...one.event, tries: one.event.tries + 1 });
          return undefined;
        })
        .catch((error: unknown) => tools.log.error({ err: error, hook: one.event.id.toString() }, 'call not worked on'))
        .finally(() => {
          running.delete(work);
          next();
        });
      running.add(work);
    }
  };
  // Nobody waits for it: the next call is taken up meanwhile.
  const writeDown = (event: HookEvent, outcome: Finished): void => {
    notes
      .put({ event, outcome })
      .catch((error: unknown) => tools.log.error({ err: error, hook: event.id.toString() }, 'call not noted as done'));
  };
  // Claimed for half a minute: nobody else has it meanwhile.
  const again = (kind: HookKind, event: HookEvent): void => {
    const timer = setTimeout(
      () => {
        soon.delete(timer);
        waiting.push({ kind, event });
        next();
      },
      (RETRY_S[event.tries - 1] ?? 1) * 1_000,
    );
    timer.unref();
    soon.add(timer);
  };
  return {
    put(kind, event) {
      if (stopped || waiting.length >= HELD_MAX) return;
      waiting.push({ kind, event });
      next();
    },
    async stop() {
      stopped = true;
      clearInterval(hold);
      for (const timer of soon) clearTimeout(timer);
      await Promise.all(running);
      await notes.idle();
    },
  };
}

type Finished = Exclude<HookOutcome, { kind: 'later' }>;
interface Done {
  event: HookEvent;
  outcome: Finished;
}

async function noteMany(done: Done[], tools: HookTools): Promise<undefined[]> {
  await tools.db.outside.$executeRaw`
    SELECT hook_note_many(${done.map(({ event }) => event.tenantId)}::bigint[], ${done.map(({ event }) => event.id)}::bigint[], ${done.map(({ outcome }) => outcome.kind)}::text[],
      ${done.map(({ outcome }) => outcome.note?.slice(0, 300) ?? '')}::text[], ${done.map(({ event }) => event.tries + 1)}::int[])`;
  return done.map(() => undefined);
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

/** Nobody else takes up what waits here; what this process leaves behind falls free within half a minute. */
async function holdOn(waiting: readonly { event: HookEvent }[], tools: HookTools): Promise<void> {
  if (waiting.length === 0) return;
  const ids = waiting.map(({ event }) => event.id);
  await tools.db.outside.$executeRaw`SELECT hook_hold(${ids}::bigint[])`.catch((error: unknown) =>
    tools.log.warn({ err: error, calls: ids.length }, 'calls that wait are not held; the jobs may take them too'),
  );
}

async function note(event: HookEvent, outcome: HookOutcome, tools: HookTools): Promise<void> {
  const wait_s = outcome.kind === 'later' ? RETRY_S[event.tries] : undefined;
  const state = outcome.kind !== 'later' ? outcome.kind : wait_s === undefined ? 'stuck' : 'waiting';
  // One statement without a transaction around it: there is nothing else to be true with it.
  await tools.db.outside.$executeRaw`
    SELECT hook_note(${event.tenantId}, ${event.id}, ${state}, ${outcome.note?.slice(0, 300) ?? null}, ${event.tries + 1}::int, ${wait_s ?? 0}::float8)`;
  if (state === 'waiting') await wake(tools, wait_s ?? 0, event.id);
}

/** The sweep would come within seconds; a call that overtook what it is about should not wait that long. */
async function wake(tools: HookTools, wait_s: number, id: bigint): Promise<void> {
  await tools.db.outside
    .$executeRaw`SELECT job_enqueue('hooks.work', '{}', now() + make_interval(secs => ${wait_s}::float8), ${`hooks.work:${id}`})`;
}

/** Who acts when a provider has called. */
export function providerActor(event: HookEvent) {
  return { kind: 'provider' as const, id: null, name: event.kind, ip: event.ip, permissions: new Set<never>() };
}
