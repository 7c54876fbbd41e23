import { Code, type PacketBuilder } from '../packet';
import type { ApiAct } from './api/router-word';
import type { Visits } from './api/visits';
import type { Answer, CoaClient } from './coa/client';
import type { Fronts } from './coa/fronts';
import { changesRate, writeRequest } from './coa/recipe';
import type { PartLog } from '../part';
import { nextStep, pauseBefore, type Step } from './plan-step';
import { RecordQueue } from './record-queue';
import { FIRST_WINDOW, RouterRoom } from './router-room';
import type { EnforcementRecord, EnforcementStore } from './store';
import type { Task, Via } from './task';

/** Longer than an exchange lasts: what a killed enforcer held is free again after this. */
const LEASE_S = 10;
const MOST_UNDER_WAY = 2048;
const LARGEST_CLAIM = 256;
const EXPIRY_BATCH = 200;
const NOTE_EVERY_MS = 30_000;
/** Seconds after which a session is looked at again whose end was seen while it was being written. */
const LOOK_AGAIN_S = 5;
/** Never sleep longer: a lost notice costs at most this. */
const LONGEST_SLEEP_MS = 15_000;
/** While notices may be missed. */
const BLIND_SLEEP_MS = 500;
/** While rows keep coming, a round takes those of so long together; what comes after a pause goes at once. */
const GATHER_MS = 8;
/** Hints that an end of validity has moved come with every renewal; they are followed at most so often. */
const HINT_GAP_MS = 100;
/** What is overdue but cannot be taken yet (its router has no room, another enforcer holds it) is looked at again after this. */
const SHORTEST_SLEEP_MS = 200;

export interface WorkerOptions {
  instance: string;
  store: EnforcementStore;
  client: CoaClient;
  fronts: Fronts;
  visits: Visits;
  log: PartLog;
  /** Whether notices arrive at the moment. */
  hearsNotices(): boolean;
  /** Lango's time since when accounting is heard, or null. */
  listeningSince(): string | null;
}

/** Takes what is due, asks the routers, writes what came of it, and sleeps until the next moment that matters. */
export class Worker {
  private readonly room = new RouterRoom();
  private readonly records: RecordQueue;
  private readonly underWay = new Set<Promise<void>>();
  private readonly noted = new Map<string, { silent: boolean; at: number }>();
  private timer: NodeJS.Timeout | undefined;
  /** When the timer strikes, by performance.now(). */
  private dueAt = 0;
  private wantAll = false;
  /** When everything was looked at last, and when the last round was over, by performance.now(). */
  private lookedAt = -Infinity;
  /** When everything is to be looked at again at the latest, whatever a look that was under way when that became known has found. */
  private owedAt = Infinity;
  private roundOverAt = -Infinity;
  private gathering: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  /** The database did not answer last time, which was told already. */
  private blind = false;

  constructor(private readonly options: WorkerOptions) {
    this.records = new RecordQueue(options.store, options.log, (ms) => this.dueAgain(ms));
  }

  /** Looks at everything that may be due, now or as soon as the present round is over. */
  wake(): void {
    this.wantAll = true;
    this.wakeForRows();
  }

  /** Something may be due sooner than what is slept for: looked at now, or together with what else is hinted at within a tenth of a second. */
  hint(): void {
    this.owe(this.lookedAt + HINT_GAP_MS);
  }

  /** Everything is looked at then at the latest, by performance.now(). */
  private owe(at: number): void {
    this.owedAt = Math.min(this.owedAt, at);
    const gap_ms = this.owedAt - performance.now();
    if (gap_ms <= 0) this.wake();
    else this.sleepAtMost(gap_ms);
  }

  /** A row that was tried is due again after that many milliseconds. */
  private dueAgain(ms: number): void {
    if (ms <= 0) this.wakeForRows();
    // A millisecond more, so that the database's clock is past the moment and not just before it.
    else this.owe(performance.now() + ms + 1);
  }

  /** The room that an exchange took is free for a row that was left. */
  private makeRoom(nasId: string, outcome: 'answered' | 'silent' | 'none'): void {
    if (this.room.end(nasId, outcome)) this.wakeForRows();
  }

  /** Takes rows that were just written, and nothing else: a cap that is crossed must not wait for questions about expiries. */
  wakeForRows(): void {
    if (this.stopped || this.gathering !== undefined) return;
    if (this.round !== undefined) {
      this.again = true;
      return;
    }
    const early_ms = GATHER_MS - (performance.now() - this.roundOverAt);
    if (early_ms <= 0) {
      this.startRound();
      return;
    }
    this.gathering = setTimeout(() => {
      this.gathering = undefined;
      this.startRound();
    }, early_ms);
  }

  private startRound(): void {
    if (this.stopped) return;
    this.round = this.go().finally(() => {
      this.round = undefined;
      this.roundOverAt = performance.now();
      if (this.again) {
        this.again = false;
        this.wakeForRows();
      }
    });
  }

  /** Takes nothing more, gives exchanges under way `grace_ms` to end, and hands back the rows of the others. */
  async stop(graceMs = 1500): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.gathering);
    await this.round;
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.all(this.underWay), grace]);
    clearTimeout(timer);
    await this.options.client.close();
    this.options.fronts.close();
    this.options.visits.close();
    await Promise.all(this.underWay);
    await this.records.stop();
  }

  private async go(): Promise<void> {
    const all = this.wantAll;
    this.wantAll = false;
    try {
      if (all) this.sleep(await this.lookAtAll());
      else {
        await this.takeRows();
        this.sleepAtMost(SHORTEST_SLEEP_MS);
      }
      this.blind = false;
    } catch (error) {
      if (!this.blind) this.options.log.warn({ err: error }, 'the database does not answer; enforcement waits for it');
      this.blind = true;
      this.sleep(BLIND_SLEEP_MS);
    }
  }

  /** Milliseconds until something is due next. */
  private async lookAtAll(): Promise<number> {
    this.lookedAt = performance.now();
    this.owedAt = Infinity;
    let expired: number;
    let ruled: number;
    do {
      // Beside each other: the first rows of a midnight go out while its last subscriptions are still to be looked at.
      [expired, ruled] = await Promise.all([
        this.options.store.enforceExpired(EXPIRY_BATCH),
        this.options.store.enforceRules(EXPIRY_BATCH),
        this.takeRows(),
      ]);
    } while ((expired === EXPIRY_BATCH || ruled > 0) && !this.stopped);
    if (expired > 0) await this.takeRows();
    const next = await this.options.store.nextMs();
    const longest = this.options.hearsNotices() ? LONGEST_SLEEP_MS : BLIND_SLEEP_MS;
    // A millisecond more, so that the database's clock is past the moment and not just before it.
    if (next !== null && next > 0 && next < SHORTEST_SLEEP_MS) return next + 1;
    return next === null ? longest : Math.min(Math.max(next + 1, SHORTEST_SLEEP_MS), longest);
  }

  private sleep(ms: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const rest_ms = Math.max(0, Math.min(ms, this.owedAt - performance.now()));
    this.dueAt = performance.now() + rest_ms;
    this.timer = setTimeout(() => this.wake(), rest_ms);
  }

  /** What the rows just taken lead to may be due sooner than what was slept for. */
  private sleepAtMost(ms: number): void {
    if (this.timer === undefined || this.dueAt > performance.now() + ms) this.sleep(ms);
  }

  private async takeRows(): Promise<void> {
    while (!this.stopped) {
      const limit = Math.min(LARGEST_CLAIM, MOST_UNDER_WAY - this.underWay.size);
      if (limit <= 0) return;
      const room = this.room.left();
      const tasks = await this.options.store.claim({
        instance: this.options.instance,
        leaseS: LEASE_S,
        limit,
        window: FIRST_WINDOW,
        room,
        listeningSince: this.options.listeningSince(),
      });
      this.room.took(tasks, room);
      for (const task of tasks) this.begin(task);
      // Rows left because their router has no room are taken when an exchange with it ends (makeRoom).
      if (tasks.length < limit) return;
    }
  }

  private begin(task: Task): void {
    const work = this.work(task)
      .catch((error: unknown) => {
        this.options.log.error(
          { err: error, enforcement: task.id },
          'an enforcement broke off; it is tried again when its lease is over',
        );
      })
      .finally(() => {
        const wasFull = this.underWay.size >= MOST_UNDER_WAY;
        this.underWay.delete(work);
        if (wasFull) this.wakeForRows();
      });
    this.underWay.add(work);
  }

  private async work(task: Task): Promise<void> {
    const step = nextStep(task);
    if (step.do === 'visit') {
      await this.visit(task, step.act).finally(() => this.makeRoom(task.nasId, 'none'));
      return;
    }
    if (step.do !== 'send') {
      this.makeRoom(task.nasId, 'none');
      this.write(task, step, {});
      return;
    }
    let heard: 'answered' | 'silent' | 'none' = 'none';
    try {
      const answer = await this.ask(task, step.via, step.variant);
      if (answer.outcome === 'aborted') {
        this.records.add({ ...this.named(task), wait_s: 0 });
        return;
      }
      heard = answer.outcome === 'silence' ? 'silent' : 'answered';
      await this.answered(task, step.via, answer);
    } finally {
      this.makeRoom(task.nasId, heard);
    }
  }

  /** Asks or tells the router by its API. What is seen there closes the row; anything else leaves it to the next step. */
  private async visit(task: Task, act: ApiAct): Promise<void> {
    const begun = performance.now();
    const { outcome, detail, shows } = await this.options.visits.visit(task, act);
    if (this.stopped && outcome === 'silence') {
      this.records.add({ ...this.named(task), wait_s: 0 });
      return;
    }
    const attempt = { via: 'api', outcome, error_cause: null, ms: Math.round(performance.now() - begun), detail };
    const after: Task = {
      ...task,
      history: [...task.history, { via: 'api', outcome, errorCause: null, agoS: 0 }],
      silenceProvesInS: task.silenceProvesInS === null ? null : Math.max(task.silenceProvesInS, 1),
    };
    if (shows === 'gone' && task.sessionId !== null) {
      // Not now: its Stop is likely being written, which proves it as well.
      const closed = await this.options.store.readGone(task.sessionId);
      this.records.add({ ...this.named(task), attempt, wait_s: closed ? 0 : LOOK_AGAIN_S });
    } else if (shows === 'as_wanted')
      this.write(after, { do: 'close', state: 'proven', provenBy: 'read_back' }, { attempt });
    else this.write(after, nextStep(after), { attempt });
  }

  private ask(task: Task, via: Via, variant: number): Promise<Answer> {
    const { nas } = task;
    if (nas === null) throw new Error('a step to send needs a router');
    const order = {
      secret: Buffer.from(nas.secret),
      ...(nas.otherSecret !== null && { otherSecret: Buffer.from(nas.otherSecret) }),
      code: via === 'coa' ? Code.CoaRequest : Code.DisconnectRequest,
      write: (builder: PacketBuilder) => writeRequest(builder, task, via, variant, new Date()),
    };
    if (nas.front !== null) return this.options.fronts.request({ ...order, front: nas.front, nasId: task.nasId });
    return this.options.client.request({ ...order, address: nas.address, port: nas.port });
  }

  private async answered(task: Task, via: Via, answer: Exclude<Answer, { outcome: 'aborted' }>): Promise<void> {
    const errorCause = answer.outcome === 'silence' ? null : answer.errorCause;
    if (answer.outcome === 'silence' && answer.refusedReplies > 0) {
      this.options.log.warn(
        { router: task.nas?.name, enforcement: task.id },
        'a router answers with another secret than ours; make both the same',
      );
    }
    const after: Task = {
      ...task,
      history: [...task.history, { via, outcome: answer.outcome, errorCause, agoS: 0 }],
      // Silence cannot be proven in the moment of an answer.
      silenceProvesInS: task.silenceProvesInS === null ? null : Math.max(task.silenceProvesInS, 1),
    };
    const next = nextStep(after);
    const acknowledged = via === 'coa' && answer.outcome === 'ack';
    const rate = acknowledged && changesRate(task) ? task.change.rateLimit : null;
    const mode = acknowledged ? acknowledgedMode(task) : undefined;
    if (mode !== undefined && task.sessionId !== null) await this.options.store.setMode(task.sessionId, mode, rate);
    this.write(after, next, {
      attempt: { via, outcome: answer.outcome, error_cause: errorCause, ms: answer.ms },
      ...(rate === null ? {} : { rate_limit: rate }),
    });
    await this.note(task.nasId, answer.outcome).catch((error: unknown) =>
      this.options.log.debug({ err: error }, 'a router is not noted'),
    );
  }

  /** A few words a minute about each router are enough, and at once when it falls silent or speaks again. */
  private async note(nasId: string, outcome: 'ack' | 'nak' | 'silence'): Promise<void> {
    const silent = outcome === 'silence';
    const noted = this.noted.get(nasId);
    if (noted !== undefined && noted.silent === silent && performance.now() - noted.at < NOTE_EVERY_MS) return;
    this.noted.set(nasId, { silent, at: performance.now() });
    if (await this.options.store.noteRouter(nasId, outcome)) this.wakeForRows();
  }

  private write(task: Task, step: Step, extra: Partial<EnforcementRecord>): void {
    const record: EnforcementRecord = { ...this.named(task), ...extra };
    if (step.do === 'close') {
      record.state = step.state;
      if (step.provenBy !== null) record.proven_by = step.provenBy;
      if (step.state === 'gave_up') this.alarm(task);
    } else {
      record.wait_s = step.do === 'wait' ? step.seconds : pauseBefore(step, task);
    }
    this.records.add(record);
  }

  private named(task: Task): { id: string; instance: string; due: string } {
    return { id: task.id, instance: this.options.instance, due: task.due };
  }

  private alarm(task: Task): void {
    this.options.log.error(
      {
        enforcement: task.id,
        kind: task.kind,
        reason: task.reason,
        router: task.nas?.name,
        username: task.session?.username,
        last: task.history.at(-1),
      },
      'gave up: the router did not do as told. Check /radius incoming (accept, port), the firewall and the secret on the router; it is tried again in an hour',
    );
  }
}

/** What the session has after an acknowledged CoA; undefined when that is no other than before. */
function acknowledgedMode(task: Task): 'full' | 'throttled' | undefined {
  if (task.byHand || task.kind === 'refresh') return undefined;
  return task.kind === 'throttle' ? 'throttled' : 'full';
}
