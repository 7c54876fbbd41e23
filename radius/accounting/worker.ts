/** One accounting process of a group (group.ts): takes its options by message, ends when told or when the group's process is gone. */
import { type Listener, startListener } from './listener';
import type { PartLog } from '../part';
import type { FromWorker, ToWorker } from './worker-messages';

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

function line(level: 'debug' | 'info' | 'warn' | 'error') {
  return (fields: object, text: string): void => {
    const { err, ...rest } = fields as { err?: unknown };
    const told =
      err instanceof Error
        ? { err: { type: err.name, message: err.message, stack: err.stack } }
        : err === undefined
          ? {}
          : { err };
    tell({ kind: 'log', level, fields: { ...rest, ...told }, text });
  };
}

const log: PartLog = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
let listener: Listener | undefined;

async function obey(message: ToWorker): Promise<void> {
  try {
    switch (message.kind) {
      case 'start':
        listener = await startListener({ ...message.options, standBy: !message.serve }, log);
        tell(message.serve ? { kind: 'listening', port: listener.port } : { kind: 'ready' });
        return;
      case 'serve':
        await listener?.serve();
        return;
      case 'ping':
        tell({ kind: 'pong' });
        return;
      case 'stop':
        await listener?.stop();
        process.exit(0);
    }
  } catch (error) {
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (message: ToWorker) => void obey(message));
// Signals of a terminal reach the whole group; the group's process decides when we end, and its end is ours.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
