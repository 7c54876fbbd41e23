import { judge, usualLimits, type Known, type Seen, type Watch } from './judge';
import { ratesOf, readRouter, type Reading } from './reading';
import { RouterConfig } from '../test-kit/mikrotik';
import type { ApiOutcome } from '../../radius/routeros';

const calm: Reading = {
  version: '7.18.2',
  board: 'RB5009',
  uptime_s: 100,
  cpu: 10,
  memory: 20,
  disk: 30,
  temperature: 40,
  clockOff_s: 0,
  ports: [{ name: 'ether1', running: true, disabled: false, rx: 0, tx: 0 }],
};
const read = (change: Partial<Reading> = {}): Seen => ({ kind: 'read', reading: { ...calm, ...change } });

/** Rounds one after the other, as the poller has them; says what each opened (+) and closed (-). */
function rounds(seen: Seen[], more: Partial<Known> = {}): string[] {
  let watch: Watch = {};
  let opened: { kind: string; subject: string }[] = [];
  let ports = calm.ports;
  return seen.map((one) => {
    const known: Known = { watch, opened, ports, sessions: 0, sessionsBefore: undefined, limits: usualLimits, ...more };
    const changes = judge(one, known);
    watch = changes.watch;
    opened = [...opened, ...changes.open].filter(({ kind, subject }) =>
      changes.close.every((closed) => closed.kind !== kind || closed.subject !== subject),
    );
    if (one.kind === 'read') ports = one.reading.ports;
    return [...changes.open.map(({ kind }) => `+${kind}`), ...changes.close.map(({ kind }) => `-${kind}`)].join(' ');
  });
}
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one);
const away: Seen = { kind: 'away', words: 'no way to that address' };

test('down after three rounds without an answer, told once however long it lasts, over after two with one', () => {
  expect(rounds([read(), away, away, read()]).join('')).toBe('');
  expect(rounds([...times(20, away), ...times(20, read())]).filter((text) => text !== '')).toEqual(['+down', '-down']);
  expect(rounds(times(5, away)).indexOf('+down')).toBe(2);
});

test('a figure at its limit opens once; between limit and calm nothing changes', () => {
  const hot = (temperature: number) => read({ temperature });
  const seen = rounds([...times(6, hot(76)), ...times(30, hot(73)), ...times(4, hot(76)), ...times(20, hot(60))]);
  expect(seen.filter((text) => text !== '')).toEqual(['+temperature', '-temperature']);
  expect(rounds([...times(9, read({ cpu: 99 })), read(), ...times(9, read({ cpu: 99 }))]).join('')).toBe('');
});

test('an interface that ran and does not any more; one that never ran or was switched off says nothing', () => {
  const port = (running: boolean, disabled = false): Seen =>
    read({
      ports: [
        { name: 'ether1', running, disabled, rx: 0, tx: 0 },
        { name: 'ether2', running: false, disabled: false, rx: 0, tx: 0 },
      ],
    });
  expect(rounds([port(true), port(false), port(false), port(false), port(true), port(true)])).toEqual([
    '',
    '',
    '+interface',
    '',
    '',
    '-interface',
  ]);
  expect(rounds([port(true), ...times(6, port(false, true))]).join('')).toBe('');
});

test('a clock that is off, a login that is refused, sessions that fell; a router that is away keeps its other counts', () => {
  expect(rounds(times(4, read({ clockOff_s: -300 })))).toEqual(['', '', '+clock', '']);
  expect(rounds(times(3, { kind: 'refused', words: '' }))).toEqual(['', '+refused', '']);
  expect(rounds(times(3, read()), { sessions: 4, sessionsBefore: 40 })).toEqual(['', '+sessions', '']);
  expect(rounds(times(3, read()), { sessions: 2, sessionsBefore: 6 }).join('')).toBe('');
  const hot = read({ temperature: 90 });
  expect(rounds([hot, hot, away, hot, hot])).toEqual(['', '', '', '', '+temperature']);
});

test('rates are of one round; a restart has none', () => {
  const at = (rx: number) => [{ name: 'ether1', running: true, disabled: false, rx, tx: rx * 2 }];
  expect(ratesOf(at(1000), at(3750), 30)).toEqual({ ether1: [733, 1467] });
  expect(ratesOf(at(5000), at(10), 30)).toEqual({});
});

test.each(['6.49', '7.10', '7.18'] as const)(
  'what %s says is read: dates, health and counters in its own forms',
  async (version) => {
    const config = new RouterConfig({ version });
    config.system.cpuLoad = 42;
    config.system.temperature_c = 51;
    config.system.clockSkew_ms = -400_000;
    config.interfaces.setRunning('ether2', false);
    const ask = async ([path = '', ...words]: readonly string[]): Promise<ApiOutcome> => {
      const args = Object.fromEntries(
        words.flatMap((word) => {
          const pair = /^=([^=]+)=(.*)$/s.exec(word);
          return pair ? [[pair[1] ?? '', pair[2] ?? '']] : [];
        }),
      );
      const reply = await config.run(
        path,
        args,
        words.filter((word) => word.startsWith('?')).map((word) => word.slice(1)),
      );
      if ('trap' in reply) return { kind: 'refused', message: reply.trap };
      return { kind: 'done', rows: 'rows' in reply ? reply.rows : [] };
    };
    const answer = await readRouter(ask, Date.now);
    if (answer.kind !== 'read') throw new Error(answer.kind);
    expect(answer.reading).toMatchObject({ cpu: 42, temperature: 51, memory: 25, disk: 0, board: 'RB5009UG+S+' });
    expect(answer.reading.version).toContain(version);
    expect(Math.abs((answer.reading.clockOff_s ?? 0) + 400)).toBeLessThan(30);
    expect(answer.reading.ports.slice(0, 2)).toMatchObject([
      { name: 'ether1', running: true },
      { name: 'ether2', running: false },
    ]);
  },
);
