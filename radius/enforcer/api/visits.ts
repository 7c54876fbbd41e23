import { RouterPool, type ApiTarget } from '../../routeros';
import type { PartLog } from '../../part';
import type { EnforcementStore } from '../store';
import type { Task } from '../task';
import { askRouter } from './ask-router';
import type { ApiAct, RouterWord } from './router-word';

/** Shorter than a row's lease, so that no other enforcer takes the row while a slow router thinks. */
const LONGEST_VISIT_MS = 8000;
const COMMAND_MS = 3000;
const NOTE_EVERY_MS = 30_000;

/** Opens a sealed API password of a company. @throws Error when it was sealed with another key */
export type OpenPassword = (tenantId: bigint, sealed: Buffer) => string;

/** Visits to routers' APIs, and whether each router's API is usable, written down for people to see. */
export class Visits {
  private readonly routers = new RouterPool({ timeout_ms: COMMAND_MS });
  private readonly noted = new Map<string, { fault: string | null; at: number }>();

  constructor(
    private readonly store: EnforcementStore,
    private readonly openPassword: OpenPassword | undefined,
    private readonly log: PartLog,
  ) {}

  /** Does one thing on the router of a row; ends within eight seconds, whatever the router does. */
  async visit(task: Task, act: ApiAct): Promise<RouterWord> {
    const target = this.target(task);
    if ('outcome' in target) return target;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<RouterWord>((resolve) => {
      const word: RouterWord = { outcome: 'silence', detail: 'the API answers too slowly', fault: 'silent' };
      timer = setTimeout(() => resolve(word), LONGEST_VISIT_MS);
    });
    const word = await Promise.race([askRouter((words) => this.routers.run(target, words), task, act), late]);
    clearTimeout(timer);
    await this.note(task, word);
    return word;
  }

  close(): void {
    this.routers.close();
  }

  private target(task: Task): ApiTarget | RouterWord {
    const api = task.nas?.api;
    if (!api) throw new Error('a visit needs a router with an API');
    const { passwordSealed, nextPasswordSealed, ...rest } = api;
    try {
      const { openPassword } = this;
      if (openPassword === undefined) throw new Error('this enforcer was started without the master key');
      const tenantId = BigInt(task.tenantId);
      return {
        ...rest,
        password: openPassword(tenantId, passwordSealed),
        ...(nextPasswordSealed && { nextPassword: openPassword(tenantId, nextPasswordSealed) }),
      };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.log.error({ err: error, router: task.nas?.name }, 'the API password of a router cannot be opened');
      return { outcome: 'nak', detail, fault: 'login_refused' };
    }
  }

  /** Once in a while, and at once when it changes. */
  private async note(task: Task, word: RouterWord): Promise<void> {
    const fault = word.fault ?? null;
    const noted = this.noted.get(task.nasId);
    if (noted !== undefined && noted.fault === fault && performance.now() - noted.at < NOTE_EVERY_MS) return;
    this.noted.set(task.nasId, { fault, at: performance.now() });
    if (fault !== null)
      this.log.warn({ router: task.nas?.name, fault, said: word.detail }, 'a router’s API could not be used');
    await this.store
      .noteApi(task.nasId, fault)
      .catch((error: unknown) => this.log.debug({ err: error }, 'a router is not noted'));
  }
}
