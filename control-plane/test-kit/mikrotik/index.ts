/**
 * A simulated MikroTik, RADIUS side. For scenarios and for the demo; it keeps no log and needs no network but loopback.
 *
 *   const router = await SimulatedMikrotik.start({
 *     identity: 'tower-1', address: '127.77.0.1', secret, version: '7.18',
 *     servers: [{ address: '127.0.0.1', authPort, acctPort }],
 *   });                                                       // Accounting-On is through; CoA on router.coaPort
 *   const login = await router.connectPppoe({ username: 'asha', password: 'x', authentication: 'pap', redial_ms: 2000 });
 *   if (login.kind !== 'online') …                            // 'rejected' (messages) | 'timeout' | 'failed' (reason)
 *   login.session.addTraffic(1_000_000, 50_000_000);          // upload, download; or setTraffic({up_bps, down_bps})
 *   await login.session.interim(); await login.session.logout();   // each resolves when acknowledged or lost
 *   await router.events.waitFor('ended', (e) => e.cause === 'Admin-Reset', { since: mark });  // mark = router.events.position
 *   router.faults.duplicate = 0.3; router.faults.coa = 'silent'; router.faults.counters32 = true;
 *   router.api.port; router.appear({ mac, address });   // options.api = { users }: prints, removes, hotspot logins
 *   await router.config.run('/ip/pool/add', { name, ranges });   // its configuration, as the API and scripts reach it: config/CONTEXT.md
 *   const hotspot = new Hotspot(router); const phone = await hotspot.join({ mac, address });   // its web side: hotspot/CONTEXT.md
 *   await router.reboot(); await router.idle(); await router.close();   // or shutdown(), which sends the Stops
 *
 * Sessions live by the clock of the options: the real one, or `new ManualClock()` with `clock.advance(ms)` followed by
 * `await router.idle()`. Waiting for RADIUS replies is always real time; give tests a small `timeout_ms`.
 * A session ends itself at Session-Timeout, Idle-Timeout and volume limits, and sends interims as told.
 */
export type { HotspotHost } from './api-menus';
export { ApiServer, type ApiPolicy, type ApiUser } from './api-server';
export { ManualClock, realClock } from './clock';
export type { RouterClock } from './clock';
export { commandTree, RouterConfig, type CommandTree, type Reply } from './config';
export type { Entitlement } from './entitlement';
export type { AccountingOutcome, CoaOutcome, LoginFailure, LoginOutcome, RouterEvent } from './events';
export { EventLog } from './events';
export type { ApiBehaviour, CoaBehaviour, Faults } from './faults';
export type { HotspotLogin, PppoeAuthentication, PppoeLogin, RadiusRow, RouterOptions } from './options';
export type { RouterOsVersion } from './profile';
export { Hotspot, type HotspotOptions } from './hotspot/hotspot';
export type { Device } from './hotspot/device';
export { renderPage } from '../../../radius/routeros';
export { parseRateLimit } from './rate-limit';
export type { Rate, RateLimit } from './rate-limit';
export { SimulatedMikrotik } from './router';
export type { Counters, Report, Service, Session, TerminateCause } from './session';
export { Testimony, type Mark, type Stored } from './testimony';
