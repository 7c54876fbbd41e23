import type { HookEvent, HookKind, HookOutcome, HookTools } from './kind';
import { together } from './together';

/** Seconds to the next try after the first, second, … that could not be finished; after the last a person must look. */
const RETRY_S = [0.3, 1, 2, 5, 10, 30, 60, 300, 900, 3600] as const;
/** A call that overtook what it is about is tried so often by who has it, before it is put back. */
const AT_ONCE_TRIES = 2;
/** What became of calls is written down for those of so long together. Who dies before leaves calls that are worked on once more, which changes nothing. */
const NOTE_EVERY_MS = 100;
const NOTED_AT_ONCE = 200;

/** Writes down what became of calls, or has them tried again a little later. */
export interface Notes {
  take(kind: HookKind, event: HookEvent, outcome: HookOutcome): Promise<void>;
  /** From now on what is to be tried again is left to the jobs. */
  close(): void;
  /** Resolves once everything is written down. */
  idle(): Promise<void>;
}

/** @param again takes a call whose time has come once more */
export function createNotes(tools: HookTools, again: (kind: HookKind, event: HookEvent) => void): Notes {
  const soon = new Set<NodeJS.Timeout>();
  let stopped = false;
  const done = together({ most: NOTED_AT_ONCE, pause_ms: NOTE_EVERY_MS }, (batch: Done[]) => noteMany(batch, tools));
  const failed = (event: HookEvent, words: string) => (error: unknown) =>
    tools.log.error({ err: error, hook: event.id.toString() }, words);
  // Claimed for half a minute: nobody else has it meanwhile.
  const later = (kind: HookKind, event: HookEvent): void => {
    const timer = setTimeout(
      () => {
        soon.delete(timer);
        again(kind, event);
      },
      (RETRY_S[event.tries - 1] ?? 1) * 1_000,
    );
    timer.unref();
    soon.add(timer);
  };
  return {
    async take(kind, event, outcome) {
      // Nobody waits for it: the next call is taken up meanwhile.
      if (outcome.kind !== 'later') void done.put({ event, outcome }).catch(failed(event, 'call not noted as done'));
      else if (!stopped && event.tries < AT_ONCE_TRIES) later(kind, { ...event, tries: event.tries + 1 });
      else await note(event, outcome, tools).catch(failed(event, 'call not worked on'));
    },
    close() {
      stopped = true;
      for (const timer of soon) clearTimeout(timer);
    },
    idle: () => done.idle(),
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

/** Writes down what became of one call; one that is to be tried again is for the jobs. */
export async function note(event: HookEvent, outcome: HookOutcome, tools: HookTools): Promise<void> {
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
