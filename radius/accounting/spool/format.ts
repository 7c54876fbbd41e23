import { crc32 } from 'node:zlib';
import { decodePacket } from '../../packet';
import { restartOf } from '../boot-digits';
import { readRecord } from '../read-record';
import type { Nas } from '../nas';
import type { AccountingRecord } from '../record';

/**
 * One record in a segment: length (u32), CRC-32 of what follows (u32), then version, boot digits, moment of arrival, router and
 * the packet as it came. Only verified packets get here, so the secret is not kept.
 */
const VERSION = 1;
const HEAD = 8;

/** The octets of a record. */
export function encodeRecord(record: AccountingRecord): Buffer {
  const { nas } = record;
  const boot = record.kind === 'restart' ? (record.boot ?? '') : '';
  const texts = [boot, nas.id, nas.tenantId, nas.type, nas.address, nas.name.slice(0, 64)].map((text) =>
    Buffer.from(text),
  );
  const body = Buffer.alloc(9 + texts.reduce((sum, text) => sum + 1 + text.length, 0));
  body[0] = VERSION;
  body.writeDoubleBE(record.received_ms, 1);
  let at = 9;
  for (const text of texts) {
    body[at] = text.length;
    at += 1 + text.copy(body, at + 1);
  }
  const packet = record.packet.bytes;
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(body.length + packet.length, 0);
  head.writeUInt32BE(crc32(packet, crc32(body)), 4);
  return Buffer.concat([head, body, packet]);
}

/** What a segment holds. `left_bytes` were not readable: the tail of a write that a crash cut short, which nobody was promised. */
export interface SegmentContents {
  records: AccountingRecord[];
  left_bytes: number;
}

/** Reads a whole segment. Records are read as at arrival, so that replaying gives what would have been written then. */
export function decodeSegment(bytes: Buffer): SegmentContents {
  const records: AccountingRecord[] = [];
  let at = 0;
  while (at + HEAD <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + HEAD + length;
    if (length < 10 || end > bytes.length) break;
    const payload = bytes.subarray(at + HEAD, end);
    if (crc32(payload) !== bytes.readUInt32BE(at + 4)) break;
    const record = decodePayload(payload);
    if (record) records.push(record);
    at = end;
  }
  return { records, left_bytes: bytes.length - at };
}

function decodePayload(payload: Buffer): AccountingRecord | undefined {
  if (payload[0] !== VERSION) return undefined;
  const received_ms = payload.readDoubleBE(1);
  const texts: string[] = [];
  let at = 9;
  for (let i = 0; i < 6; i++) {
    const length = payload[at]!;
    texts.push(payload.toString('utf8', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const [boot = '', id = '', tenantId = '', type = '', address = '', name = ''] = texts;
  const nas: Nas = {
    id,
    tenantId,
    type: type === 'mikrotik' ? 'mikrotik' : 'other',
    address,
    name,
    secret: Buffer.alloc(0),
  };
  const decoded = decodePacket(payload.subarray(at));
  if (decoded.kind !== 'packet') return undefined;
  const reading = readRecord(decoded.packet, nas, received_ms);
  if (reading.kind !== 'record') return undefined;
  return boot === '' || reading.record.kind === 'restart' ? reading.record : restartOf(reading.record, boot);
}
