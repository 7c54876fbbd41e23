import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';

test('a command whose reader has left ends as if it were heard, without a complaint', async () => {
  const program = join(projectRoot(), 'dist/control-plane/cli/main.js');
  const env = { PATH: process.env['PATH'] ?? '', LANGO_DATA: tmpdir() };
  const child = spawn(process.execPath, [program, 'help'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
});
