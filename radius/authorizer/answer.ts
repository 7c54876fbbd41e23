import { description, ending } from './messages';

const head = description(['id', 'username', 'attribute', 'value', 'op']);
const endings = Array.from({ length: 128 }, (_, rows) => ending(rows));
/** The first two columns, which rlm_sql does not read: '0' and ''. */
const idAndName = Buffer.from([0, 5, 0, 0, 0, 1, 0x30, 0, 0, 0, 0]);

/**
 * An answer of aaa_authorize_many as the rows that aaa_authorize gives, in the bytes of Postgres' protocol.
 * `scratch` must hold the answer several times over; what is given is a copy.
 */
export function encodeAnswer(answer: string, scratch: Buffer): Buffer {
  const [names, values, operators] = answer.split('\u0002', 3);
  const name = names!.split('\u0001');
  const value = values!.split('\u0001');
  const operator = operators!.split('\u0001');
  let at = head.copy(scratch, 0);
  for (let i = 0; i < name.length; i++) {
    scratch[at] = 0x44;
    const row = at + 1;
    at = row + 4;
    at += idAndName.copy(scratch, at);
    at = column(scratch, at, name[i]!);
    at = column(scratch, at, value[i]!);
    at = column(scratch, at, operator[i]!);
    scratch.writeInt32BE(at - row, row);
  }
  at += endings[name.length]!.copy(scratch, at);
  return Buffer.from(scratch.subarray(0, at));
}

function column(scratch: Buffer, at: number, value: string): number {
  const written = scratch.write(value, at + 4);
  scratch.writeInt32BE(written, at);
  return at + 4 + written;
}
