import pino from 'pino';

/** What every part writes its log lines to: JSON on stderr, one line each, with the part's name in `part`. */
export type Log = pino.Logger;

/** Field names whose values never reach a log, at the top level or one level down. */
const secretFields = ['password', 'secret', 'token', 'authorization', 'cookie', 'master_key', 'database_url'];

/**
 * The logger of one process. Lines go to stderr so that stdout stays free for what a command answers.
 * @param part name of the process or role, e.g. `web`
 * @param level pino level name; `silent` writes nothing
 */
export function createLog(part: string, level = 'info'): Log {
  return pino(
    {
      level,
      base: { part, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((f) => [f, `*.${f}`]), censor: '[secret]' },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
