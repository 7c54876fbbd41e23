import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Pool } from 'pg';

/** One answer, as radpostauth keeps it. There is no credential in it. */
export interface Answer {
  /** Seconds since 1970, with a fraction. */
  at: number;
  tenant_id: string;
  nas_id: string;
  login: string;
  reply: 'Access-Accept' | 'Access-Reject' | 'none';
  reason: string;
  signed: boolean;
  username: string;
  station: string | null;
  called: string | null;
  identity: string | null;
  /** How it was asked: Auth-Type, Service-Type and NAS-Port-Type, so that it can be asked again. */
  method: string | null;
  service_type: string | null;
  port_type: string | null;
  /** The serial of the device's certificate, with EAP-TLS. */
  certificate: string | null;
}

/** About 600 answers. With a part every half second the loader takes a few hundredths of a processor and leaves the rest to the logins. */
const part_bytes = 64 << 10;
const keep_bytes = 64 << 20;

/** Carries lines of FreeRADIUS' log of answers into the database, each once. */
export class AnswerLog {
  private readonly name: string;
  private position = 0;

  constructor(
    private readonly path: string,
    private readonly pool: Pool,
  ) {
    this.name = `${hostname()}:${ownName(path)}`.slice(-200);
  }

  /**
   * Loads the next part of what has been written; gives the number of lines. After a storm of logins it is behind for a while: the storm itself
   * must not also pay for its bookkeeping. Rejects when the database is away: nothing is lost then.
   */
  async load(): Promise<number> {
    const part = this.read();
    if (part === undefined) return 0;
    if (part.to === part.from) {
      await this.restart(part);
      return 0;
    }
    const answers = part.lines.flatMap((line) => parseAnswer(line) ?? []);
    this.position = await this.record(part.from, part.to, answers);
    return this.position === part.to ? answers.length : 0;
  }

  /** Whole lines from our position on; undefined when there is no log yet. */
  private read(): { from: number; to: number; size: number; lines: string[] } | undefined {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch {
      return undefined;
    }
    try {
      const size = fstatSync(file).size;
      const from = this.position;
      if (from > size) return { from, to: from, size, lines: [] };
      const bytes = Buffer.alloc(Math.min(part_bytes, size - from));
      const got = readSync(file, bytes, 0, bytes.length, from);
      const end = bytes.subarray(0, got).lastIndexOf(0x0a) + 1;
      const text = bytes.toString('latin1', 0, end);
      return { from, to: from + end, size, lines: text === '' ? [] : text.slice(0, -1).split('\n') };
    } finally {
      closeSync(file);
    }
  }

  private async record(from: number, to: number, answers: Answer[]): Promise<number> {
    const { rows } = await this.pool.query<{ position: string }>(
      'SELECT access_load_answers($1, $2, $3, $4) AS position',
      [this.name, from, to, JSON.stringify(answers)],
    );
    return Number(rows[0]?.position);
  }

  /** Starts the file again when it has grown large and all of it is loaded, or when somebody else shortened it. */
  private async restart({ from, size }: { from: number; size: number }): Promise<void> {
    if (size === from && size < keep_bytes) return;
    if (size >= from) truncateSync(this.path);
    this.position = await this.record(from, 0, []);
  }
}

/**
 * A name that no other log has, kept beside it: two hosts cloned from one image have the same host name and the same paths, and would take each other's
 * position for their own. Lost together with the log, whose lines it counts.
 */
function ownName(path: string): string {
  const file = `${path}.name`;
  try {
    writeFileSync(file, randomBytes(12).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}

/** Reads one line of the format that radiusd.conf writes; undefined for a line that a crash cut short. */
export function parseAnswer(line: string): Answer | undefined {
  const fields = line.split(' ');
  const [
    seconds,
    microseconds,
    tenant_id,
    nas_id,
    login,
    decision,
    reason,
    signature,
    username,
    station,
    service_type,
    port_type,
    called,
    identity,
    method,
    certificate,
  ] = fields;
  if (
    // The line that the database puts together for the common login has no certificate at its end.
    (fields.length !== 15 && fields.length !== 16) ||
    !/^\d+ \d{1,6}$/.test(`${seconds} ${microseconds}`) ||
    !/^\d+$/.test(tenant_id ?? '') ||
    !/^\d+$/.test(nas_id ?? '')
  )
    return undefined;
  return {
    at: Number(seconds) + Number(microseconds) / 1e6,
    tenant_id: tenant_id ?? '0',
    nas_id: nas_id ?? '0',
    login: login ?? '',
    reply: decision === 'reject' ? 'Access-Reject' : decision === 'none' ? 'none' : 'Access-Accept',
    reason: reason ?? '',
    signed: signature !== '',
    username: textOf(username) ?? '',
    station: textOf(station),
    called: textOf(called),
    identity: textOf(identity),
    method: method || null,
    service_type: service_type || null,
    port_type: port_type || null,
    certificate: certificate || null,
  };
}

/** What FreeRADIUS wrote as hex. Postgres keeps no NUL, and bytes that are no UTF-8 are shown by the replacement character. */
function textOf(hex: string | undefined): string | null {
  if (!hex) return null;
  return Buffer.from(hex, 'hex').toString('utf8').replaceAll('\0', '\uFFFD');
}
