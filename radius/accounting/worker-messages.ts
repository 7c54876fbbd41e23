import type { ListenerOptions } from './listener';

/** What the group tells a worker. */
export type ToWorker = { kind: 'start'; options: ListenerOptions } | { kind: 'stop' };

/** What a worker tells the group. Its log lines go through the group, which owns the log. */
export type FromWorker =
  | { kind: 'listening'; port: number }
  | { kind: 'failed'; reason: string }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: Record<string, unknown>; text: string };
