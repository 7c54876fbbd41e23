import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again until the answer is content, 25 ms apart. @throws with the last answer when it never is */
export async function until<T>(
  ask: () => T | Promise<T>,
  content: (answer: T) => boolean,
  timeout_ms = 20_000,
): Promise<T> {
  const end = Date.now() + timeout_ms;
  for (;;) {
    const answer = await ask();
    if (content(answer)) return answer;
    if (Date.now() > end) throw new Error(`still not so after ${timeout_ms} ms: ${JSON.stringify(answer)}`);
    await sleep(25);
  }
}
