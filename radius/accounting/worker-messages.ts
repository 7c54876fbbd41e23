import type { ListenerOptions } from './listener';

/** What the group tells a worker. `start`: get ready; with `serve`, take packets at once. `serve`: take packets from now on, on this port. */
export type ToWorker =
  { kind: 'start'; options: ListenerOptions; serve: boolean } | { kind: 'serve' } | { kind: 'ping' } | { kind: 'stop' };

/** What a worker tells the group. Its log lines go through the group, which owns the log. */
export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'listening'; port: number }
  | { kind: 'pong' }
  | { kind: 'failed'; reason: string }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: Record<string, unknown>; text: string };
