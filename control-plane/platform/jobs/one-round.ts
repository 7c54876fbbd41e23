import type { JobHelpers } from 'graphile-worker';
import type { TaskTools } from './task';

/**
 * One round of `drain` at a time in a process, so that slow receivers hold one of its workers and not all of them: a call beside a running round only
 * tells it to look again.
 */
export function oneRound(
  drain: (helpers: JobHelpers, tools: TaskTools) => Promise<void>,
): (helpers: JobHelpers, tools: TaskTools) => Promise<void> {
  const rounds = new WeakMap<TaskTools, { again: boolean }>();
  return async (helpers, tools) => {
    const running = rounds.get(tools);
    if (running) {
      running.again = true;
      return;
    }
    const round = { again: true };
    rounds.set(tools, round);
    try {
      while (round.again && !helpers.abortSignal?.aborted) {
        round.again = false;
        await drain(helpers, tools);
      }
    } finally {
      rounds.delete(tools);
    }
  };
}
