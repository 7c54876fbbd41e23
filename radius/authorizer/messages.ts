/**
 * The few messages of Postgres' protocol (version 3, PostgreSQL documentation chapter 55.7) that a server needs for a client that only
 * ever asks by simple queries, as FreeRADIUS' rlm_sql_postgresql does.
 */

/** Messages of a client, cut out of the bytes as they come. */
export class ClientMessages {
  private pending: Buffer = Buffer.alloc(0);
  private begun = false;

  /**
   * Takes what has arrived and gives what is whole by now. `undefined` when the client says what it may not: the connection is over then.
   */
  push(chunk: Buffer): ClientMessage[] | undefined {
    let bytes = this.pending.length > 0 ? Buffer.concat([this.pending, chunk]) : chunk;
    const messages: ClientMessage[] = [];
    for (;;) {
      // The first message has no type byte.
      const head = this.begun ? 1 : 0;
      if (bytes.length < head + 4) break;
      const length = bytes.readInt32BE(head);
      if (length < 4 || length > longest_bytes) return undefined;
      if (bytes.length < head + length) break;
      const next = this.begun ? later(bytes, length) : first(bytes, length);
      if (!next) return undefined;
      if (next.kind === 'startup') this.begun = true;
      messages.push(next);
      bytes = bytes.subarray(head + length);
    }
    this.pending = bytes;
    return messages;
  }
}

export type ClientMessage =
  | { kind: 'startup' }
  /** TLS or GSS was asked for; there is neither inside one machine. */
  | { kind: 'encryption' }
  | { kind: 'query'; text: string }
  | { kind: 'end' };

/** A statement of ours is a few kilobytes; User-Name and the rest come in packets of 4,096 bytes. */
const longest_bytes = 64 << 10;
const protocol3 = 3 << 16;
const sslRequest = 80_877_103;
const gssRequest = 80_877_104;

function first(bytes: Buffer, length: number): ClientMessage | undefined {
  if (length < 8) return undefined;
  const code = bytes.readInt32BE(4);
  if (code === sslRequest || code === gssRequest) return { kind: 'encryption' };
  return code >> 16 === protocol3 >> 16 ? { kind: 'startup' } : undefined;
}

function later(bytes: Buffer, length: number): ClientMessage | undefined {
  // The length counts itself; the text ends with a NUL.
  if (bytes[0] === 0x51) return { kind: 'query', text: bytes.toString('utf8', 5, length) };
  return bytes[0] === 0x58 ? { kind: 'end' } : undefined;
}

/** What follows a startup message: in, with the settings that libpq needs for quoting, and ready. */
export const welcome = Buffer.concat([
  message('R', int32(0)),
  ...Object.entries({
    server_version: '15.0',
    client_encoding: 'UTF8',
    server_encoding: 'UTF8',
    standard_conforming_strings: 'on',
    integer_datetimes: 'on',
    DateStyle: 'ISO',
  }).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`))),
  message('K', Buffer.concat([int32(1), int32(1)])),
  message('Z', Buffer.from('I')),
]);

/** Refuses encryption; the client goes on without. */
export const noEncryption = Buffer.from('N');

const ready = message('Z', Buffer.from('I'));

/** A refused statement, as SQLSTATE internal_error: the statement failed, the connection to us did not. */
export function refusal(text: string): Buffer {
  return Buffer.concat([message('E', Buffer.from(`SERROR\0VERROR\0CXX000\0M${text}\0\0`)), ready]);
}

/** A whole result: columns of type text, rows of texts, NULL as null. */
export function result(columns: readonly string[], rows: readonly (readonly (string | null)[])[]): Buffer {
  return Buffer.concat([description(columns), ...rows.map(dataRow), completed(rows.length), ready]);
}

/** RowDescription of text columns. */
export function description(columns: readonly string[]): Buffer {
  const fields = columns.map((name) => {
    const rest = Buffer.alloc(18);
    // Type text, of any length, in text form; of no table.
    rest.writeInt32BE(25, 6);
    rest.writeInt16BE(-1, 10);
    rest.writeInt32BE(-1, 12);
    return Buffer.concat([Buffer.from(`${name}\0`), rest]);
  });
  return message('T', Buffer.concat([int16(columns.length), ...fields]));
}

function dataRow(values: readonly (string | null)[]): Buffer {
  const parts = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  return message('D', Buffer.concat([int16(values.length), ...parts]));
}

function completed(rows: number): Buffer {
  return message('C', Buffer.from(`SELECT ${rows}\0`));
}

/** CommandComplete and ReadyForQuery, which end a result of so many rows. */
export function ending(rows: number): Buffer {
  return Buffer.concat([completed(rows), ready]);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
