import { randomBytes } from 'node:crypto';
import { Gathering } from '../part';
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

/** Half of what FreeRADIUS' threads can ask at once: the other half is at work with the answers meanwhile. */
const enough = 16;
const gather_ms = 1;

/**
 * Puts questions to Postgres, those of one moment in one statement. The next batch gathers while one is under way and for a millisecond after it; a login
 * that comes alone waits for nobody.
 */
export class Batcher {
  private readonly waiting: Waiting[] = [];
  private readonly gathering = new Gathering({ enough, wait_ms: gather_ms }, () => this.begin());
  private underWay = false;
  private looking = false;

  constructor(private readonly database: Database) {}

  /** `done` is given the answer, or a refusal when the database is away, hangs or refuses the question. */
  ask(question: Question, done: (outcome: Outcome) => void): void {
    this.waiting.push({ question, done });
    this.look();
  }

  /** After this turn of the event loop: what else has arrived by then goes along. */
  private look(): void {
    if (this.looking) return;
    this.looking = true;
    setImmediate(() => {
      this.looking = false;
      this.begin();
    });
  }

  private begin(): void {
    if (this.underWay || this.waiting.length === 0 || !this.gathering.mayBegin(this.waiting.length)) return;
    this.underWay = true;
    void this.settle(this.waiting.splice(0, most)).then(() => {
      this.underWay = false;
      this.gathering.ended();
      this.look();
    });
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
