import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Answered, Database } from './database';
import type { Question } from './question';

/** What becomes of a question. `answer` is one of aaa_authorize_many's. */
export type Outcome = { ok: true; answer: string } | { ok: false; text: string };

interface Waiting {
  question: Question;
  done: (outcome: Outcome) => void;
}

/** A statement of more would keep the first of them waiting. */
const most = 64;

/**
 * Puts questions to Postgres, those of one moment in one statement. No timer: the next batch gathers while one is under way, so a login alone
 * waits for nobody.
 */
export class Batcher {
  private readonly waiting: Waiting[] = [];
  private busy = false;

  constructor(private readonly database: Database) {}

  /** `done` is given the answer, or a refusal when the database is away, hangs or refuses the question. */
  ask(question: Question, done: (outcome: Outcome) => void): void {
    this.waiting.push({ question, done });
    if (this.busy) return;
    this.busy = true;
    // What else has arrived by now goes along.
    setImmediate(() => void this.work());
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.settle(this.waiting.splice(0, most));
      // What arrived in the same moment as the answer goes along with the next.
      await turn();
    }
    this.busy = false;
  }

  private async settle(batch: Waiting[]): Promise<void> {
    const answered = await this.put(batch);
    if (answered.kind === 'refused' && batch.length > 1) {
      // One that Postgres stumbles over must not speak for the others.
      for (const each of batch) await this.settle([each]);
      return;
    }
    if (answered.kind !== 'rows') {
      for (const { done } of batch) done({ ok: false, text: answered.text });
      return;
    }
    const answers = answered.rows[0]?.[0]?.split('\u0003') ?? [];
    batch.forEach(({ done }, i) => {
      const answer = answers[i];
      done(answer === undefined ? { ok: false, text: 'no answer' } : { ok: true, answer });
    });
  }

  private put(batch: readonly Waiting[]): Promise<Answered> {
    const logins = randomBytes(8 * batch.length).toString('hex');
    // Nothing in these needs quoting: see parseQuestion.
    const list = (element: (question: Question, i: number) => string): string =>
      `{${batch.map(({ question }, i) => element(question, i)).join(',')}}`;
    return this.database.run({
      name: 'authorize',
      text: 'SELECT aaa_authorize_many($1::bigint[], $2::text[], $3::text[], $4::text[])',
      values: [
        list(({ tenant_id }) => tenant_id),
        list(({ name_hex }) => `"${name_hex}"`),
        list((_, i) => logins.slice(16 * i, 16 * i + 16)),
        list(({ text }) => `"${text}"`),
      ],
    });
  }
}
