import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { StrangerLog } from './stranger-log';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lango-log-'));
  path = join(dir, 'radius.log');
  writeFileSync(path, 'Info: Ready to process requests\n');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const unknown = (address: string) =>
  `Fri Nov 20 2026 : Error: Ignoring request to auth address * port 1812 bound to server lango from unknown client ${address} port 5000 proto udp\n`;

test('the log of a flood is emptied before it fills the disk, also while the database hangs for ever', () => {
  const log = new StrangerLog(path, { query: () => new Promise(() => undefined) } as unknown as Pool);
  void log.load();
  const flood = unknown('192.0.2.1').repeat(20_000);
  for (let n = 0; n < 12; n += 1) {
    appendFileSync(path, flood);
    log.take();
    expect(statSync(path).size).toBeLessThan((16 << 20) + 2 * flood.length);
  }
});

test('what could not be written is written later, and made-up addresses do not fill the memory', async () => {
  const written: unknown[][] = [];
  let away = true;
  const query = async (_sql: string, values: unknown[]) => {
    if (away) throw new Error('away');
    written.push(values);
  };
  const log = new StrangerLog(path, { query } as unknown as Pool);
  appendFileSync(path, unknown('192.0.2.1') + unknown('192.0.2.1'));
  await expect(log.load()).rejects.toThrow('away');
  appendFileSync(
    path,
    unknown('192.0.2.1') + Array.from({ length: 3000 }, (_, n) => unknown(`10.0.${n >> 8}.${n & 255}`)).join(''),
  );
  away = false;
  await log.load();
  const [addresses, packets] = written[0] as [string[], number[]];
  expect(addresses).toHaveLength(1000);
  expect(packets[addresses.indexOf('192.0.2.1')]).toBe(3);
});
