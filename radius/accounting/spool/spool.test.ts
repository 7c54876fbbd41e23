import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addText, type AttributeName } from '../../attributes';
import { Code, decodePacket, PacketBuilder } from '../../packet';
import { newCounters } from '../counters';
import { readRecord } from '../read-record';
import type { AccountingRecord, SessionRecord } from '../record';
import type { AccountingStore } from '../store';
import { SpoolDirectory } from './directory';
import { Drainer } from './drainer';
import { decodeSegment, encodeRecord } from './format';
import { withoutOvertaken } from './overtaken';
import { SpoolWriter } from './writer';

const minute_ms = Date.UTC(2026, 10, 21, 9, 30);
const said: string[] = [];
const line = (_fields: object, text: string) => void said.push(text);
const log = { debug: line, info: line, warn: line, error: line };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lango-spool-'));
  said.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** An interim as read at `at_ms`. */
function interim(session: string, o: { at_ms?: number; octets?: number; router?: string } = {}): AccountingRecord {
  const builder = PacketBuilder.request(Code.AccountingRequest, 1);
  const attributes: [AttributeName, string][] = [
    ['Acct-Status-Type', 'Interim-Update'],
    ['Acct-Session-Id', session],
    ['Acct-Output-Octets', String(o.octets ?? 1)],
  ];
  for (const [name, value] of attributes) addText(builder, name, value);
  const decoded = decodePacket(builder.seal(Buffer.from('s')));
  if (decoded.kind !== 'packet') throw new Error(decoded.kind);
  const id = o.router ?? '1';
  const nas = {
    id,
    tenantId: '1',
    type: 'mikrotik' as const,
    address: '10.0.0.1',
    name: 'tower',
    secret: Buffer.alloc(0),
  };
  const reading = readRecord(decoded.packet, nas, o.at_ms ?? minute_ms);
  if (reading.kind !== 'record') throw new Error(reading.kind);
  return reading.record;
}

const names = (records: readonly AccountingRecord[]) => records.map((record) => (record as SessionRecord).sessionId);

describe('a segment', () => {
  const records = ['a', 'b', 'c', 'd'].map((session) => encodeRecord(interim(session)));

  test.each([
    ['its packet', 60],
    ['its length', 3],
    ['its checksum', 5],
  ])('with a damaged record in the middle (%s) gives all that follow', (_what, at) => {
    const bytes = Buffer.concat(records);
    bytes[records[0]!.length + at]! ^= 0x55;
    const read = decodeSegment(bytes);
    expect(names(read.records)).toEqual(['a', 'c', 'd']);
    expect(read).toMatchObject({ damaged_bytes: records[1]!.length, left_bytes: 0 });
  });

  test('that ends in half a record is not damaged', () => {
    const read = decodeSegment(Buffer.concat([...records, records[0]!.subarray(0, 50)]));
    expect(read).toMatchObject({ damaged_bytes: 0, left_bytes: 50 });
    expect(read.records).toHaveLength(4);
  });
});

test('of interims within one minute only the last is written, unless one of them says something else', () => {
  const rising = [1, 2, 2, 3].map((octets, i) => interim('s', { at_ms: minute_ms + i * 1000, octets }));
  expect(withoutOvertaken(rising)).toEqual([rising[3]]);
  const falling = [interim('s', { octets: 5 }), interim('s', { octets: 4 })];
  expect(withoutOvertaken(falling)).toEqual(falling);
  const apart = [interim('s'), interim('s', { at_ms: minute_ms + 60_000 })];
  // 32 bits: from 3.5 GiB to 1.5 it went round, which nobody would know from 3.5 and 3.9.
  const round = [3.5, 1.5, 3.9].map((gib) => interim('s', { octets: Math.floor(gib * 2 ** 30) }));
  expect(withoutOvertaken(round)).toEqual(round);
  expect(withoutOvertaken(apart)).toEqual(apart);
  const others = [interim('s'), interim('t'), interim('s', { router: '2' })];
  expect(withoutOvertaken(others)).toEqual(others);
});

/** A drainer of this directory on a database that remembers its batches. */
function drain(directory: SpoolDirectory, spool: SpoolWriter, drained: string[] = []) {
  const batches: string[][] = [];
  const store = {
    apply: async (batch: SessionRecord[]) => {
      batches.push(names(batch));
      return { kind: 'ok' } as const;
    },
  } as unknown as AccountingStore;
  const counters = newCounters();
  const drainer = new Drainer({
    directory,
    spool,
    writer: { store, counters, log },
    mayDrain: () => true,
    claimedDrained: (from) => void drained.push(from),
  });
  return { drainer, batches, counters };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition();) {
    if (Date.now() > end) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a session that fills segments does not hold up the sessions behind it', async () => {
  const directory = new SpoolDirectory(root);
  const spool = new SpoolWriter({ directory: directory.path, log, segmentBytes: 10_000 });
  // Its counter falls, so that none of them may be left out.
  const loud = Array.from({ length: 400 }, (_, i) => interim('loud', { octets: 1000 - i }));
  for (let from = 0; from < 400; from += 50) await spool.append(loud.slice(from, from + 50));
  await spool.append(Array.from({ length: 300 }, (_, i) => interim(`quiet${i}`)));
  const { drainer, batches, counters } = drain(directory, spool);
  await until(() => counters.drained === 700);
  await drainer.stop();
  const last = batches.findLastIndex((batch) => batch.some((name) => name.startsWith('quiet')));
  expect(last).toBeLessThan(20);
  expect(spool.pending).toBe(0);
  expect(readdirSync(directory.path)).toEqual(['owner.json']);
});

test('a damaged segment that a dead process left is written as far as it can be read, and kept for a person', async () => {
  const first = new SpoolDirectory(root);
  const segment = join(first.path, '00000001.seg');
  const bytes = Buffer.concat(['a', 'b', 'c'].map((session) => encodeRecord(interim(session))));
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(segment, bytes);
  rmSync(join(first.path, 'owner.json'));
  const directory = new SpoolDirectory(root);
  const spool = new SpoolWriter({ directory: directory.path, log });
  const drained: string[] = [];
  const { drainer, batches } = drain(directory, spool, drained);
  await until(() => drained.length === 1);
  await drainer.stop();
  expect(batches).toEqual([['a', 'c']]);
  expect(drained).toEqual([first.instance]);
  expect(readFileSync(join(root, '.damaged', `${first.instance}-00000001.seg`)).equals(bytes)).toBe(true);
  expect(said.some((text) => text.includes('damaged'))).toBe(true);
  // Its folder is removed beside what goes on.
  await until(() => !readdirSync(root).some((name) => name.includes('+')));
  expect(readdirSync(root).sort()).toEqual(['.damaged', directory.instance].sort());
});

test('what several dead processes left is written in the order in which they lived', async () => {
  const lived = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7'];
  for (const [n, session] of lived.entries()) {
    const { path } = new SpoolDirectory(root);
    writeFileSync(join(path, '00000001.seg'), encodeRecord(interim(session)));
    utimesSync(join(path, '00000001.seg'), 1_000_000 + n, 1_000_000 + n);
    rmSync(join(path, 'owner.json'));
  }
  const directory = new SpoolDirectory(root);
  const spool = new SpoolWriter({ directory: directory.path, log });
  await spool.append([interim('ours')]);
  const drained: string[] = [];
  const { drainer, batches } = drain(directory, spool, drained);
  await until(() => drained.length === lived.length && batches.flat().length > lived.length);
  await drainer.stop();
  expect(batches.flat()).toEqual([...lived, 'ours']);
});

test('what a segment holds is pending while it is closed: nobody may think that the spool is empty', async () => {
  const directory = new SpoolDirectory(root);
  const spool = new SpoolWriter({ directory: directory.path, log });
  await spool.append([interim('a'), interim('b')]);
  const before = { pending: spool.pending, bytes: spool.bytes, oldest_ms: spool.oldest_ms };
  const sealing = spool.sealedSegments();
  expect({ pending: spool.pending, bytes: spool.bytes, oldest_ms: spool.oldest_ms }).toEqual(before);
  const [segment] = await sealing;
  expect({ pending: spool.pending, bytes: spool.bytes, oldest_ms: spool.oldest_ms }).toEqual(before);
  await spool.discard(segment!);
  expect(spool).toMatchObject({ pending: 0, bytes: 0, oldest_ms: undefined });
});

test('one router can fill a quarter of the spool; its part is free again when it is drained', async () => {
  const directory = new SpoolDirectory(root);
  const spool = new SpoolWriter({ directory: directory.path, log, maxBytes: 8000 });
  for (let i = 0; spool.hasRoomFor('1'); i++) await spool.append([interim(`s${i}`)]);
  expect(spool.bytes).toBeGreaterThanOrEqual(2000);
  expect(spool.bytes).toBeLessThan(2200);
  expect(spool.hasRoomFor('2')).toBe(true);
  const [segment] = await spool.sealedSegments();
  await spool.discard(segment!);
  expect(spool.hasRoomFor('1')).toBe(true);
});
