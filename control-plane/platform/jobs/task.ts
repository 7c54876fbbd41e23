import type { JobHelpers } from 'graphile-worker';
import type { Config } from '../config';
import type { SecretBox } from '../crypto';
import type { Database } from '../db/prisma';
import type { Log } from '../log';

/** What a task of the queue is given beside its payload. */
export interface TaskTools {
  /** The web role's way to the rows of one company: a task that runs commands has a request's rights and no more, whatever the jobs role may do. */
  db: Database;
  /** Opens what is sealed at rest. */
  secrets: SecretBox;
  /** LANGO_INSECURE_WEBHOOK_NETWORKS: private networks that webhooks may be sent into. */
  insecureWebhookNetworks: readonly string[];
  /** Base URLs of foreign services where they differ from the real ones. */
  urls: Config['urls'];
  /** As people and providers reach us. */
  publicUrl: string;
  log: Log;
}

/** Work of the queue, exported as `tasks` from `<slice>/tasks.ts` with its name `<slice>.<what>`. It may be cut off anywhere and run again. */
export type Task = (payload: unknown, helpers: JobHelpers, tools: TaskTools) => Promise<void>;
export type NamedTask = [name: string, task: Task];
