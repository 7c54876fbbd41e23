import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig, settingNames } from '../platform/config';
import { projectRoot } from '../platform/project-root';

const read = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');

interface Service {
  image: string;
  network_mode?: string;
  environment: Record<string, string>;
  secrets?: string[];
  volumes: string[];
  healthcheck: { test: string };
  depends_on?: Record<string, { condition: string }>;
  cap_drop?: string[];
  ports?: string[];
}
interface Compose {
  services: { postgres: Service; lango: Service };
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

/** A name that config.ts knows, as itself or as NAME_FILE. */
const known = (name: string): boolean => settingNames.includes(name.replace(/_FILE$/, ''));

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml')) as Compose;
  const { lango, postgres } = compose.services;

  test('pins its images and names only volumes and secrets that it declares', () => {
    for (const { image } of [lango, postgres]) expect(image).toMatch(/:\d+\.\d+/);
    for (const service of [lango, postgres]) {
      for (const secret of service.secrets ?? []) expect(compose.secrets[secret]?.file).toMatch(/^\.\//);
      for (const volume of service.volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    }
  });

  test('gives Lango settings that it knows, no secret in clear, and no rights', () => {
    for (const name of Object.keys(lango.environment)) expect([name, known(name)]).toEqual([name, true]);
    expect(Object.keys(lango.environment)).not.toEqual(expect.arrayContaining(['DATABASE_URL', 'LANGO_MASTER_KEY']));
    for (const [name, value] of Object.entries(lango.environment)) {
      if (name.endsWith('_FILE')) expect(lango.secrets).toContain(value.replace('/run/secrets/', ''));
    }
    expect(lango.cap_drop).toEqual(['ALL']);
    const plain = Object.entries(lango.environment).filter(([name]) => !name.endsWith('_FILE'));
    expect(() =>
      loadConfig(Object.fromEntries(plain.map(([name, value]) => [name, value.replace(/\$\{\w+:-(.*)\}/, '$1')]))),
    ).not.toThrow();
  });

  test("keeps the routers' addresses and the database off the network", () => {
    expect(lango.network_mode).toBe('host');
    expect(postgres.ports).toEqual(['127.0.0.1:5432:5432']);
    expect(lango.depends_on?.['postgres']?.condition).toBe('service_healthy');
    expect(lango.healthcheck.test).toContain('/readyz');
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('runs as a user without rights on a pinned image, with what the start needs', () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((found) => found[1]);
    expect(images.length).toBe(2);
    for (const image of images) expect(image).toMatch(/^node:24\.\d+-bookworm-slim$/);
    expect(dockerfile).toMatch(/^USER lango$/m);
    expect(dockerfile.indexOf('USER lango')).toBeGreaterThan(dockerfile.indexOf('apt-get install'));
    expect(dockerfile).toMatch(/freeradius freeradius-postgresql/);
    expect(dockerfile).toContain('dist/control-plane/cli/main.js');
  });
});

describe('systemd unit', () => {
  const unit = read('docs/operate/systemd/lango.service');

  test('ends Lango later than it needs, and runs it unprivileged', () => {
    expect(Number(/TimeoutStopSec=(\d+)/.exec(unit)?.[1])).toBeGreaterThan(15);
    expect(unit).toMatch(/^User=lango$/m);
    expect(unit).toMatch(/^Restart=always$/m);
    expect(unit).toMatch(/main\.js start$/m);
  });

  test('its example settings are ones that Lango knows', () => {
    const lines = read('docs/operate/systemd/lango.env')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect([line, known(line.split('=')[0] ?? '')]).toEqual([line, true]);
  });
});

describe('docs/install.md', () => {
  test('lists every setting, and links to pages that exist', () => {
    const text = read('docs/install.md');
    for (const name of settingNames) expect(text).toContain(`\`${name}\``);
    for (const page of ['docs/install.md', 'docs/operate/README.md']) {
      for (const [, link] of read(page).matchAll(/\]\(([^)#]+)\)/g)) {
        expect([link, existsSync(join(projectRoot(), page, '..', link ?? ''))]).toEqual([link, true]);
      }
    }
  });
});
