import { parseDuration } from '../../../radius/routeros';
import { serveLive, type HotspotHost } from './api-menus';
import { ApiServer } from './api-server';
import { Applicants, type Login } from './applicants';
import { realClock, type RouterClock } from './clock';
import { decideCoa } from './coa-decision';
import { CoaServer, type CoaStatistics, describeRequest } from './coa-server';
import { EventLog, type LoginOutcome } from './events';
import { type Faults, noFaults } from './faults';
import { Gate } from './gate';
import { judge, replyText, type Verdict } from './login';
import type { HotspotLogin, PppoeLogin, RadiusRow, RouterOptions } from './options';
import { Pools } from './pools';
import { RadiusClient, type RadiusStatistics } from './radius-client';
import { seededRandom } from './random';
import { accessRequest, type Applicant, type RouterIdentity } from './requests';
import { apiUsers, configOf, countersOf, identityOf, radiusRows } from './wiring';
import type { RouterConfig } from './config';
import { Redials } from './redials';
import { Reporter, type Status } from './reporter';
import { Session, type SessionHost, type TerminateCause } from './session';

/**
 * A MikroTik as a RADIUS server sees one: PPPoE and hotspot logins, accounting, the incoming port for CoA and
 * Disconnect, reboots, and on request everything that goes wrong. What no document settles is a switch in its options.
 */
export class SimulatedMikrotik {
  /** What may go wrong; change its fields at any time. */
  readonly faults: Faults = noFaults();
  readonly events = new EventLog();
  /** What is configured on it; changes act at once. */
  readonly config: RouterConfig;
  private readonly clock: RouterClock;
  private readonly client: RadiusClient;
  private readonly pools: Pools;
  private readonly applicants: Applicants;
  private readonly about: RouterIdentity;
  private readonly dials: Gate;
  private readonly live = new Map<Session, Login>();
  private readonly work = new Set<Promise<unknown>>();
  private readonly redials: Redials;
  private readonly reporter: Reporter;
  private incoming: CoaServer | undefined;
  private apiServer: ApiServer | undefined;
  private readonly present = new Map<string, HotspotHost>();
  private boots = 0;
  private rows: readonly RadiusRow[];
  private readonly secrets = new Map<string, Buffer>();
  private reopening: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(private readonly options: RouterOptions) {
    this.clock = options.clock ?? realClock;
    this.about = identityOf(options);
    this.config = configOf(options);
    this.rows = radiusRows(this.config);
    const random = seededRandom(options.seed ?? 1);
    this.pools = new Pools(options.pools ?? DEFAULT_POOLS);
    this.applicants = new Applicants(options, this.pools, random);
    this.dials = new Gate(options.pppoe?.dialsInFlight ?? 20);
    this.client = new RadiusClient({
      address: options.address,
      secret: options.secret,
      servers: () => this.rows,
      timeout_ms: options.timeout_ms ?? 3000,
      tries: options.tries ?? 3,
      requireMessageAuthenticator: options.requireMessageAuthenticator ?? this.about.profile.messageAuthenticator,
      faults: this.faults,
      random,
      onBadReply: (why) => this.events.emit({ kind: 'bad_reply', why }),
    });
    const { about, client, clock, faults, events } = this;
    this.reporter = new Reporter({ about, client, clock, faults, events, on: options.accounting ?? true });
    this.redials = new Redials(clock, (login) =>
      login.service === 'pppoe' ? this.connectPppoe(login.options) : this.connectHotspot(login.options),
    );
  }

  /** Boots a router: opens its incoming port and sends Accounting-On, for whose answer it waits. Rejects when the port is taken. */
  static async start(options: RouterOptions): Promise<SimulatedMikrotik> {
    const router = new SimulatedMikrotik(options);
    router.readRows();
    router.follow();
    if (options.incoming?.accept !== false) await router.openIncoming(options.incoming?.port ?? 0);
    if (options.api !== undefined) await router.openApi();
    await router.announce();
    return router;
  }

  get identity(): string {
    return this.options.identity;
  }

  get address(): string {
    return this.options.address;
  }

  /** The port for CoA and Disconnect; throws when `/radius incoming` does not accept. */
  get coaPort(): number {
    if (this.incoming === undefined) throw new Error('this router has /radius incoming accept=no');
    return this.incoming.port;
  }

  /** The API service; throws when the options give none. */
  get api(): ApiServer {
    if (this.apiServer === undefined) throw new Error('this router has its API service off');
    return this.apiServer;
  }

  /** A device joins the hotspot's network without logging in: from now on it is among `/ip/hotspot/host`. */
  appear(host: HotspotHost): void {
    this.present.set(host.mac, host);
  }

  /** It is gone from the network; a session that it has stays until somebody ends it. */
  vacate(mac: string): void {
    this.present.delete(mac);
  }

  /** Live sessions, the oldest first. */
  get sessions(): Session[] {
    return [...this.live.keys()];
  }

  /** The oldest live session of a user. */
  session(username: string): Session | undefined {
    return this.sessions.find((session) => session.username === username);
  }

  /** `/radius monitor` and `/radius incoming monitor`. */
  get statistics(): RadiusStatistics & { incoming: CoaStatistics | undefined } {
    return { ...this.client.statistics, incoming: this.incoming?.statistics };
  }

  /** A PPPoE client dials. Resolves when it is online and its Start is acknowledged or lost, or when it is not to be. */
  connectPppoe(options: PppoeLogin): Promise<LoginOutcome> {
    return this.track(this.dials.pass(() => this.login({ service: 'pppoe', options: { ...options } })));
  }

  /** A device logs in on the hotspot, or the router tries its MAC. Resolves like connectPppoe. */
  connectHotspot(options: HotspotLogin): Promise<LoginOutcome> {
    return this.track(this.login({ service: 'hotspot', options: { ...options } }));
  }

  /** A session is gone without a Stop, as after a crash of its service: what a server sees as a ghost. */
  vanish(session: Session): void {
    this.remove(session, 'vanished');
  }

  /**
   * Power cut: every session is gone without a Stop, session ids go on with the next boot digit. Then Accounting-On,
   * unless the options say none, and those who redial do. Resolves when Accounting-On is acknowledged or lost.
   */
  async reboot({
    downtime_ms = 0,
    accountingOn,
  }: { downtime_ms?: number; accountingOn?: boolean } = {}): Promise<void> {
    const logins = [...this.live.values()];
    for (const session of this.sessions) this.remove(session, 'vanished');
    this.apiServer?.setDown(true);
    this.pools.clear();
    this.applicants.reboot();
    this.boots++;
    this.events.emit({ kind: 'reboot' });
    if (downtime_ms > 0) await new Promise<void>((resolve) => this.clock.after(downtime_ms, resolve));
    this.config.rebooted();
    this.apiServer?.setDown(false);
    await this.announce(accountingOn);
    for (const login of logins) this.redials.later(login);
  }

  /** How often it lost its power or was restarted since it was made. */
  get reboots(): number {
    return this.boots;
  }

  /** Resolves when nothing is on its way any more: every login, record and reply is through or given up. */
  async idle(): Promise<void> {
    while (this.work.size > 0) await Promise.allSettled(this.work);
  }

  /** Ends every session with a Stop (Admin-Reboot) and closes. */
  async shutdown(): Promise<void> {
    this.redials.cancel();
    await Promise.all(this.sessions.map((session) => this.terminate(session, 'Admin-Reboot', false)));
    await this.close();
  }

  /** Power off: nothing more is sent, all sockets and timers are gone. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.redials.close();
    this.reporter.close();
    for (const session of this.sessions) session.close('vanished');
    this.live.clear();
    this.client.close();
    await this.idle();
    await this.reopening;
    await this.incoming?.close();
    await this.apiServer?.close();
  }

  private async openApi(): Promise<void> {
    const { api, address } = this.options;
    this.apiServer = await ApiServer.listen({
      address,
      port: api?.port ?? 0,
      users: () => apiUsers(this.config),
      config: this.config,
      tls: api?.tls,
      login: api?.login ?? 'plain',
      saysEmpty: this.about.profile.emptyInApi,
      faults: this.faults,
    });
  }

  /** What is changed in the configuration acts from now on. */
  private follow(): void {
    const { config } = this;
    serveLive(config, {
      serverName: this.options.hotspot?.serverName ?? 'hotspot1',
      sessions: () => this.sessions,
      hosts: () => [...this.present.values()],
      disconnect: (session, cause) => void this.terminate(session, cause, true),
      login: (options) => this.connectHotspot(options),
    });
    config.serve('/radius/monitor', () => ({ rows: [countersOf(this.client.statistics)] }));
    config.serve('/radius/incoming/monitor', () => ({ rows: [countersOf(this.incoming?.statistics)] }));
    config.on('/radius', () => this.readRows());
    config.on('/system/identity', () => {
      this.about.identity = config.settings('/system/identity')['name'] ?? this.about.identity;
    });
    config.on('/radius/incoming', () => {
      this.reopening = this.track(this.reopening.then(() => this.reopenIncoming()));
    });
    config.system.onReboot = () => void this.reboot({ downtime_ms: RESTART_MS });
  }

  private readRows(): void {
    this.rows = radiusRows(this.config);
    this.secrets.clear();
    for (const row of this.rows) this.secrets.set(row.address, Buffer.from(row.secret ?? this.options.secret));
  }

  private async reopenIncoming(): Promise<void> {
    const { accept, port } = this.config.settings('/radius/incoming');
    await this.incoming?.close();
    this.incoming = undefined;
    if (accept === 'true' && !this.closed) await this.openIncoming(Number(port));
  }

  private async openIncoming(port: number): Promise<void> {
    const { options, secrets } = this;
    this.incoming = await CoaServer.listen({
      address: options.address,
      port,
      secrets,
      profile: this.about.profile,
      identity: this.about.identity,
      errorCauseInNak: options.undocumented?.errorCauseInNak ?? true,
      repeatReply: options.undocumented?.repeatCoaReply ?? true,
      faults: this.faults,
      handle: (request, from) =>
        decideCoa(request, from, {
          sessions: this.sessions,
          about: this.about,
          faults: this.faults,
          undocumented: options.undocumented,
          events: this.events,
          now_ms: this.clock.now_ms(),
          disconnect: (session, cause) => void this.terminate(session, cause, true),
        }),
      onSilence: (packet, from, why) =>
        this.events.emit({
          kind: 'coa',
          ...describeRequest(packet),
          from,
          outcome: { kind: 'silence', why },
          session: undefined,
          ignored: [],
        }),
    });
  }

  private async login(login: Login): Promise<LoginOutcome> {
    if (this.closed) return { kind: 'timeout' };
    const admission = this.applicants.admit(login);
    if (admission.kind === 'no_address') {
      const who = { username: Buffer.from(login.options.username), mac: admission.mac };
      return this.concluded(login, who, { kind: 'failed', reason: admission.reason, reply: [] });
    }
    const { applicant, credentials } = admission;
    const { boots } = this;
    this.replaceOlder(applicant);
    const answer = await this.client.authenticate(
      (identifier, secret) => accessRequest(this.about, applicant, credentials, identifier, secret),
      applicant.service === 'pppoe' ? 'ppp' : 'hotspot',
    );
    if (this.closed || this.boots !== boots || answer.kind === 'timeout') {
      this.applicants.dismiss(applicant);
      return this.concluded(login, applicant, { kind: 'timeout' });
    }
    const verdict = judge(answer, applicant, credentials, this.pools, this.options.pppoe?.pool ?? 'default');
    const reply = replyText(answer.reply);
    if (verdict.kind === 'granted' || verdict.kind === 'hung_up') return this.setUp(login, applicant, verdict, reply);
    this.applicants.dismiss(applicant);
    if (verdict.kind === 'rejected') {
      return this.concluded(login, applicant, { kind: 'rejected', messages: verdict.messages, reply });
    }
    return this.concluded(login, applicant, { kind: 'failed', reason: verdict.reason, reply });
  }

  private async setUp(
    login: Login,
    applicant: Applicant,
    verdict: Extract<Verdict, { kind: 'granted' | 'hung_up' }>,
    reply: ReturnType<typeof replyText>,
  ): Promise<LoginOutcome> {
    const session = new Session(
      { ...applicant, address: verdict.address },
      verdict.entitlement,
      this.hostOf(login.service),
    );
    this.live.set(session, login);
    if (verdict.kind === 'hung_up') {
      await this.report(session, 'Start');
      await this.terminate(session, 'User-Request', false);
      return this.concluded(login, applicant, { kind: 'failed', reason: verdict.reason, reply });
    }
    session.begin();
    if (login.options.traffic) session.setTraffic(login.options.traffic);
    const outcome = this.concluded(login, applicant, { kind: 'online', session, reply });
    await this.report(session, 'Start');
    return outcome;
  }

  private concluded(login: Login, who: Pick<Applicant, 'username' | 'mac'>, outcome: LoginOutcome): LoginOutcome {
    if (this.closed) return outcome;
    this.events.emit({ kind: 'login', username: who.username.toString(), mac: who.mac, outcome });
    if (outcome.kind !== 'online') this.redials.later(login);
    return outcome;
  }

  /** one-session-per-host: who dials again from the same MAC has lost the older session. */
  private replaceOlder(applicant: Applicant): void {
    if (applicant.service !== 'pppoe' || this.options.pppoe?.oneSessionPerHost === false) return;
    for (const session of this.sessions) {
      const { service, mac } = session.identity;
      if (service === 'pppoe' && mac === applicant.mac) void this.terminate(session, 'NAS-Request', false);
    }
  }

  private hostOf(service: 'pppoe' | 'hotspot'): SessionHost {
    return {
      clock: this.clock,
      automaticInterims: (this.options.automaticInterims ?? true) && (this.options.accounting ?? true),
      interimDefault_s:
        service === 'pppoe' ? (parseDuration(this.config.settings('/ppp/aaa')['interim-update']) ?? 0) : 0,
      sendInterim: (session) => (session.live ? this.report(session, 'Interim-Update') : Promise.resolve()),
      terminate: (session, cause) => this.terminate(session, cause, cause !== 'User-Request'),
    };
  }

  private async terminate(session: Session, cause: TerminateCause, redial: boolean): Promise<void> {
    const login = this.remove(session, cause);
    if (login === undefined) return;
    if (redial) this.redials.later(login);
    await this.report(session, 'Stop', cause);
  }

  /** Takes a session from the table; undefined if it was not there any more. */
  private remove(session: Session, cause: TerminateCause | 'vanished'): Login | undefined {
    const login = this.live.get(session);
    if (login === undefined) return undefined;
    session.close(cause);
    this.live.delete(session);
    this.pools.release(session.identity.address);
    this.pools.release(session.identity.hostAddress);
    this.events.emit({ kind: 'ended', session, cause });
    return login;
  }

  private report(session: Session, status: Status, cause?: TerminateCause): Promise<unknown> {
    return this.track(this.reporter.report(session, status, cause));
  }

  private async announce(wanted = this.options.accountingOn ?? true): Promise<void> {
    if (wanted) await this.track(this.reporter.announce());
  }

  private track<T>(promise: Promise<T>): Promise<T> {
    this.work.add(promise);
    void promise.catch(() => undefined).then(() => this.work.delete(promise));
    return promise;
  }
}

/** A restart that it is told to do takes the time of one, though less than a board's half minute. */
const RESTART_MS = 2_000;
const DEFAULT_POOLS = {
  default: { first: '10.64.0.2', size: 4000 },
  'hs-pool': { first: '10.65.0.2', size: 4000 },
};
