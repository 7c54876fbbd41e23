import { addText } from '../../../../radius/attributes';
import { Code, decodePacket, PacketBuilder, type Packet } from '../../../../radius/packet';
import { stampOf } from './clock';
import type { Arrival, History } from './history';
import { loginOf } from './relogin';

/** The datagram of an arrival, as its router would have built it: a repetition has the same octets. */
export function packetOf(
  history: History,
  arrival: Arrival,
  who: { username: string; subscriptionId: string; secret: Buffer; base_ms: number },
): Packet {
  const builder = PacketBuilder.request(Code.AccountingRequest, arrival.identifier);
  const put = (name: string, value: string | number): void => {
    if (!addText(builder, name, String(value))) throw new Error(`${name} ${value} is not understood`);
  };
  const { life, report, restart } = arrival;
  put('NAS-Identifier', 'history');
  const stamp = arrival.stamped ? stampOf(history.phases, who.base_ms, arrival.sent_ms) : undefined;
  if (stamp !== undefined) put('Event-Timestamp', stamp);
  if (!life || !report) {
    put('Acct-Status-Type', restart?.kind === 'off' ? 'Accounting-Off' : 'Accounting-On');
  } else {
    put('Acct-Status-Type', { start: 'Start', interim: 'Interim-Update', stop: 'Stop' }[report.kind]);
    put('Acct-Session-Id', life.sid);
    put('User-Name', who.username);
    if (history.echoesClass)
      put('Class', `0x${Buffer.from(`L1:${who.subscriptionId}:${loginOf(life, report)}:f`).toString('hex')}`);
    if (report.kind !== 'start') {
      put('Acct-Session-Time', report.sessionTime_s);
      for (const [direction, octets] of [
        ['Input', report.up],
        ['Output', report.down],
      ] as const) {
        put(`Acct-${direction}-Octets`, Number(octets & 0xffffffffn));
        if (history.wide) put(`Acct-${direction}-Gigawords`, Number(octets >> 32n));
      }
    }
  }
  const decoded = decodePacket(builder.seal(who.secret));
  if (decoded.kind !== 'packet') throw new Error('a history made a malformed packet');
  return decoded.packet;
}
