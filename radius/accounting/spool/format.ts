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

/** What a segment holds. */
export interface SegmentContents {
  records: AccountingRecord[];
  /** Octets at the end that are no record: the tail of a write that a crash cut short, which nobody was promised. */
  left_bytes: number;
  /** Octets between records that cannot be read: the disk changed what it had been given, and what was promised may be lost. */
  damaged_bytes: number;
}

/** The largest record there can be: six texts of 255 octets and the longest packet (RFC 2865 section 3). */
const LARGEST = 9 + 6 * 256 + 4096;

/** Reads a whole segment. Records are read as at arrival, so that replaying gives what would have been written then. Damage costs only what it covers. */
export function decodeSegment(bytes: Buffer): SegmentContents {
  const records: AccountingRecord[] = [];
  let damaged_bytes = 0;
  let at = 0;
  while (at < bytes.length) {
    const payload = payloadAt(bytes, at);
    if (!payload) {
      const next = nextRecord(bytes, at + 1);
      if (next === undefined) break;
      damaged_bytes += next - at;
      at = next;
      continue;
    }
    const record = decodePayload(payload);
    if (record) records.push(record);
    at += HEAD + payload.length;
  }
  return { records, left_bytes: bytes.length - at, damaged_bytes };
}

/** What the record that begins here holds; undefined when none does. */
function payloadAt(bytes: Buffer, at: number): Buffer | undefined {
  if (at + HEAD + 10 > bytes.length || bytes[at + HEAD] !== VERSION) return undefined;
  const length = bytes.readUInt32BE(at);
  if (length < 10 || length > LARGEST || at + HEAD + length > bytes.length) return undefined;
  const payload = bytes.subarray(at + HEAD, at + HEAD + length);
  return crc32(payload) === bytes.readUInt32BE(at + 4) ? payload : undefined;
}

/** Where the first whole record from here on begins; a wrong one would have to fit length, version and checksum by chance. */
function nextRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + HEAD < bytes.length; at++) if (payloadAt(bytes, at)) return at;
  return undefined;
}

function decodePayload(payload: Buffer): AccountingRecord | undefined {
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
