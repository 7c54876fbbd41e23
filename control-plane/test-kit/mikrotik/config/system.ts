import type { Row } from '../../../../radius/routeros';
import { matchesQuery } from '../api-query';
import type { RouterConfig } from './config';
import type { Reply } from './reply';
import { install, noUpdate, serveUpdate, type UpdateState } from './update';
import { durationText } from './values';

/** What a version calls itself, and the one after it that an update would bring. */
const NUMBERS: Record<string, [now: string, next: string]> = {
  '6.49': ['6.49.17', '6.49.18'],
  '7.10': ['7.10.2', '7.10.3'],
  '7.14': ['7.14.3', '7.14.4'],
  '7.15': ['7.15.3', '7.15.4'],
  '7.18': ['7.18.2', '7.18.3'],
};
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const KEPT_LOGS = 1000;

/** `/system`, `/log` and `/certificate`: how the router is. A test changes the fields. */
export class SystemState {
  cpuLoad = 3;
  totalMemory = 1_073_741_824;
  freeMemory = 805_306_368;
  temperature_c = 38;
  voltage = 24.1;
  /** Added to the router's clock. */
  clockSkew_ms = 0;
  timeZone = 'Africa/Nairobi';
  readonly boardName = 'RB5009UG+S+';
  readonly softwareId = 'LNG0-0001';
  versionNumber: string;
  /** What may not be done, e.g. { fetch: false }; version 7 alone asks. */
  deviceMode: Record<string, boolean> = { hotspot: true, fetch: true, scheduler: true, 'flagging-enabled': true };
  /** Roots that were imported. */
  readonly trusted: string[] = [];
  /** Newer versions and what becomes of them. */
  readonly update: UpdateState;
  /** Calls when somebody reboots the router, or an update does. */
  onReboot: () => void = () => undefined;
  private booted_ms: number;
  private readonly logs: Row[] = [];
  private logged = 0;

  constructor(private readonly config: RouterConfig) {
    const [number = config.version, newest = config.version] = NUMBERS[config.version] ?? [];
    this.versionNumber = number;
    this.update = noUpdate(number, newest);
    this.booted_ms = config.clock.now_ms();
    const v6 = config.version === '6.49';
    const show = (path: string, rows: () => Row[]): void =>
      config.serve(`${path}/print`, (_, queries) => ({ rows: rows().filter((row) => matchesQuery(row, queries)) }));
    show('/system/resource', () => [this.resource()]);
    show('/system/clock', () => [this.clockRow()]);
    show('/system/routerboard', () => [
      {
        routerboard: 'true',
        model: this.boardName,
        'serial-number': 'HE108ABCDEF',
        'firmware-type': 'mt7622',
        'current-firmware': this.update.board,
        // RouterOS brings the firmware of its own number.
        'upgrade-firmware': this.versionNumber,
      },
    ]);
    show('/system/health', () => this.health(v6));
    show('/system/license', () => [{ 'software-id': this.softwareId, nlevel: '5' }]);
    show('/system/package', () => [{ '.id': '*1', name: 'routeros', version: this.versionNumber, disabled: 'false' }]);
    show('/log', () => this.logs);
    if (!v6)
      show('/system/device-mode', () => [
        {
          mode: 'advanced',
          ...Object.fromEntries(Object.entries(this.deviceMode).map(([name, on]) => [name, String(on)])),
        },
      ]);
    config.serve('/system/clock/set', (args) => this.setClock(args));
    for (const topic of ['info', 'warning', 'error', 'debug'])
      config.serve(`/log/${topic}`, (args) => this.log(`script,${topic}`, args['message'] ?? ''));
    this.serveCare();
  }

  /** Writes a line into /log. */
  log(topics: string, message: string): Reply {
    this.logged += 1;
    this.logs.push({
      '.id': `*${this.logged.toString(16).toUpperCase()}`,
      time: this.moment(this.now_ms()),
      topics,
      message,
    });
    if (this.logs.length > KEPT_LOGS) this.logs.shift();
    return { done: true };
  }

  rebooted(): void {
    install(this);
    this.booted_ms = this.config.clock.now_ms();
    this.logs.length = 0;
  }

  now_ms(): number {
    return this.config.clock.now_ms() + this.clockSkew_ms;
  }

  /** A date and time as this version writes them: `jan/02/2006 15:04:05` before 7.10, else by ISO 8601. UTC here. */
  moment(at_ms: number): string {
    return `${this.date(at_ms)} ${this.time(at_ms)}`;
  }

  private date(at_ms: number): string {
    const [date = ''] = new Date(at_ms).toISOString().split('T');
    if (this.config.version !== '6.49') return date;
    const [year, month, day] = date.split('-');
    return `${MONTHS[Number(month) - 1]}/${day}/${year}`;
  }

  private time(at_ms: number): string {
    return new Date(at_ms).toISOString().slice(11, 19);
  }

  private resource(): Row {
    return {
      uptime: durationText((this.config.clock.now_ms() - this.booted_ms) / 1000),
      version: `${this.versionNumber} (${this.config.version === '6.49' ? 'long-term' : 'stable'})`,
      'build-time': '2024-05-27 12:00:00',
      'free-memory': String(this.freeMemory),
      'total-memory': String(this.totalMemory),
      cpu: 'ARM64',
      'cpu-count': '4',
      'cpu-frequency': '1400',
      'cpu-load': String(this.cpuLoad),
      'free-hdd-space': String((this.config.options.disk_bytes ?? 16 * 1024 * 1024) - this.config.files.used()),
      'total-hdd-space': String(this.config.options.disk_bytes ?? 16 * 1024 * 1024),
      'architecture-name': 'arm64',
      'board-name': this.boardName,
      platform: 'MikroTik',
    };
  }

  private clockRow(): Row {
    const at_ms = this.now_ms();
    return {
      time: this.time(at_ms),
      date: this.date(at_ms),
      'time-zone-autodetect': 'false',
      'time-zone-name': 'UTC',
      'gmt-offset': '+00:00',
      'dst-active': 'false',
    };
  }

  private setClock(args: Row): Reply {
    const { 'time-zone-name': zone, date, time } = args;
    if (zone !== undefined) this.timeZone = zone;
    if (date !== undefined || time !== undefined) {
      const at = Date.parse(
        `${date ?? new Date(this.now_ms()).toISOString().slice(0, 10)}T${time ?? this.time(this.now_ms())}Z`,
      );
      if (Number.isNaN(at)) return { trap: 'invalid value for argument date' };
      this.clockSkew_ms = at - this.config.clock.now_ms();
    }
    return { done: true };
  }

  private health(v6: boolean): Row[] {
    const [voltage, temperature] = [String(this.voltage), String(this.temperature_c)];
    if (v6) return [{ voltage, temperature }];
    return [
      { '.id': '*1', name: 'voltage', value: voltage, type: 'V' },
      { '.id': '*2', name: 'cpu-temperature', value: temperature, type: 'C' },
    ];
  }

  /** Export, backup, update, reboot. */
  private serveCare(): void {
    const { config } = this;
    const v6 = config.version === '6.49';
    for (const menu of ['', ...config.tree.menus().flatMap((path) => [path, path.slice(0, path.lastIndexOf('/'))])])
      config.serve(`${menu === '/' ? '' : menu}/export`, (args) => {
        const showSensitive = v6 ? args['hide-sensitive'] === undefined : args['show-sensitive'] !== undefined;
        const text = config.exported({ menu: menu === '/' ? '' : menu, showSensitive });
        // Without a file the API says nothing of it.
        if (args['file'] === undefined) return { done: true };
        const refusal = config.files.write(`${args['file'].replace(/\.rsc$/, '')}.rsc`, Buffer.from(text));
        return refusal === undefined ? { done: true } : { trap: refusal };
      });
    config.serve('/system/backup/save', (args) => {
      const refusal = config.files.write(`${args['name'] ?? 'router'}.backup`, Buffer.from([0x88, 0xac, 0xa1, 0xb1]));
      return refusal === undefined ? { done: true } : { trap: refusal };
    });
    serveUpdate(config, this);
    config.serve('/certificate/import', (args) => {
      const file = config.files.read(args['file-name'] ?? '');
      if (file === undefined) return { trap: 'failure: file not found' };
      this.trusted.push(file.toString('utf8'));
      const name = args['name'] ?? `${args['file-name']}_0`;
      config.plant('/certificate', { name, 'common-name': name, trusted: 'true' });
      return { rows: [{ 'certificates-imported': '1', 'private-keys-imported': '0' }] };
    });
  }
}
