import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, settingNames } from './config';
import { ensureMasterKey } from './master-key';

describe('settings', () => {
  test('have the documented defaults', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      databaseUrl: undefined,
      bind: '0.0.0.0',
      authPort: 1812,
      acctPort: 1813,
      radsecBind: '0.0.0.0',
      radsecPort: 2083,
      httpBind: '127.0.0.1',
      httpPort: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      adminEmail: 'admin@lango.local',
      timezone: 'Africa/Nairobi',
      logLevel: 'info',
      apiRatePerMinute: 600,
      demo: true,
    });
    expect(config.dataDir).toMatch(/\/\.lango$/);
  });

  test("the demo is off by default on a database of one's own, and obeys LANGO_DEMO", () => {
    const DATABASE_URL = 'postgresql://u:p@db:5432/lango';
    expect(loadConfig({ DATABASE_URL }).demo).toBe(false);
    expect(loadConfig({ DATABASE_URL, LANGO_DEMO: '1' }).demo).toBe(true);
    expect(loadConfig({ LANGO_DEMO: '0' }).demo).toBe(false);
  });

  test('an unknown LANGO_ name stops the boot and names the nearest known one', () => {
    expect(() => loadConfig({ LANGO_HTTP_PROT: '1' })).toThrow(
      'Unknown setting LANGO_HTTP_PROT. Did you mean LANGO_HTTP_PORT?',
    );
    expect(() => loadConfig({ LANGO_HTTPPORT_FILE: '/x' })).toThrow('Did you mean LANGO_HTTP_PORT?');
  });

  test('names of other programs are left alone, empty values count as unset', () => {
    expect(loadConfig({ PATH: '/bin', SOME_FILE: '/x', LANGO_AUTH_PORT: '' }).authPort).toBe(1812);
  });

  test.each([
    ['LANGO_AUTH_PORT', 'many'],
    ['LANGO_HTTP_PORT', '70000'],
    ['LANGO_BIND', 'everywhere'],
    ['LANGO_TIMEZONE', 'Nairobi'],
    ['LANGO_DEMO', 'perhaps'],
    ['LANGO_LOG_LEVEL', 'loud'],
    ['LANGO_PUBLIC_URL', 'isp.example'],
    ['DATABASE_URL', 'mysql://x'],
    ['LANGO_MASTER_KEY', 'short'],
    ['LANGO_ADMIN_EMAIL', 'nobody'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(new RegExp(`^${name} `));
  });

  test('one port for two things is refused', () => {
    expect(() => loadConfig({ LANGO_AUTH_PORT: '1813' })).toThrow(/LANGO_AUTH_PORT and LANGO_ACCT_PORT/);
  });

  describe('from files', () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'lango-config-'))));
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    test('NAME_FILE gives the value of any setting', () => {
      for (const name of settingNames)
        expect(() => loadConfig({ [`${name}_FILE`]: join(dir, 'none') })).toThrow(/cannot be read/);
      writeFileSync(join(dir, 'password'), 'a long password\n');
      expect(loadConfig({ LANGO_ADMIN_PASSWORD_FILE: join(dir, 'password') }).adminPassword).toBe('a long password');
    });

    test('a setting given twice is refused', () => {
      writeFileSync(join(dir, 'port'), '1900');
      expect(() => loadConfig({ LANGO_AUTH_PORT: '1', LANGO_AUTH_PORT_FILE: join(dir, 'port') })).toThrow(/both set/);
    });

    test('the master key is made once, closed to others, and read again', () => {
      const config = loadConfig({ LANGO_DATA: dir });
      const key = ensureMasterKey(config);
      expect(key).toHaveLength(32);
      expect(ensureMasterKey(config)).toEqual(key);
      expect(statSync(join(dir, 'master.key')).mode & 0o777).toBe(0o600);
    });
  });
});
