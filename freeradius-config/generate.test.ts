import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freeradiusPlaces, writeFreeradiusConfig } from './generate';

test('a socket folder in /tmp that somebody else put there is refused', () => {
  const home = mkdtempSync(join(tmpdir(), 'lango-generate-'));
  const dir = join(
    home,
    'a-data-folder-so-deep-that-the-path-of-its-socket-would-be-longer-than-a-socket-may-have'.repeat(2),
  );
  const folder = dirname(freeradiusPlaces(dir).controlSocket);
  const write = () => writeFreeradiusConfig({ dir, bind: '127.0.0.1', authPort: 1 });
  try {
    expect(folder).toMatch(/^\/tmp\/lango-/);
    symlinkSync(home, folder);
    expect(write).toThrow(/was made by somebody else/);
    rmSync(folder);
    mkdirSync(folder);
    expect(write).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  }
});
