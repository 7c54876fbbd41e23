import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { add, valueNumber } from '../../../../radius/attributes';
import { Code, decodePacket, PacketBuilder } from '../../../../radius/packet';
import { encodeSample, exchange, SAMPLES } from '../../../../radius/testing';
import { make } from '../../../test-kit/story';
import type { Dice } from '../dice';
import type { Product } from '../product';
import type { Violations } from '../proof';
import { mutate, resign } from './mutate';

const secret = Buffer.from('malformed-secret');

/** A NAS known to Lango that sends rubbish, and answers rubbish when it is asked to disconnect somebody. */
export class RubbishNas {
  readonly address = `127.${90 + (process.pid % 9)}.3.7`;
  sent = 0;
  answered = 0;
  private readonly out: Socket;
  private readonly incoming: Socket;

  private constructor(
    private readonly product: Product,
    private readonly dice: Dice,
  ) {
    this.out = createSocket('udp4');
    this.incoming = createSocket('udp4');
    for (const socket of [this.out, this.incoming]) socket.on('error', () => undefined);
  }

  static async start(product: Product, dice: Dice): Promise<RubbishNas> {
    const nas = new RubbishNas(product, dice);
    await bound(nas.out, nas.address);
    await bound(nas.incoming, nas.address);
    nas.incoming.on('message', (datagram, from) => nas.reply(datagram, from.port, from.address));
    const coa_port = nas.incoming.address().port;
    await make(product.api, '/routers', {
      name: 'rubbish',
      address: nas.address,
      secret: secret.toString(),
      type: 'mikrotik',
      coa_port,
    });
    // A new router acts within 2 s.
    await sleep(2500);
    return nas;
  }

  /** Sends so many mutated accounting requests; half of them are signed, so that what is inside is read as well. */
  async flood(count: number): Promise<void> {
    const samples = Object.values(SAMPLES).map((sample, i) => encodeSample(sample, i, secret));
    for (let i = 0; i < count; i++) {
      const mutated = mutate(this.dice.pick(samples), this.dice);
      const datagram = this.dice.chance(0.5) ? resign(mutated, secret, Code.AccountingRequest) : mutated;
      this.out.send(datagram, this.product.acctPort, '127.0.0.1', () => undefined);
      this.sent++;
      // A socket buffer that overflows would show nothing.
      if (i % 50 === 49) await sleep(5);
    }
  }

  /** Whether a good record is still acknowledged. */
  async report(sid: string): Promise<boolean> {
    const builder = PacketBuilder.request(Code.AccountingRequest, this.dice.between(0, 255));
    add(builder, 'Acct-Status-Type', valueNumber('Acct-Status-Type', 'Start'));
    add(builder, 'Acct-Session-Id', sid);
    add(builder, 'User-Name', 'well-formed');
    add(builder, 'Event-Timestamp', new Date());
    const to = { host: '127.0.0.1', port: this.product.acctPort, secret, sourceAddress: this.address };
    const outcome = await exchange(builder.seal(secret), { ...to, timeout_ms: 2000, tries: 3 });
    return outcome.kind === 'reply';
  }

  /** Opens sessions with good records and asks for their end; each request of the enforcer is answered with rubbish first. */
  async disconnectAll(count: number, violations: Violations): Promise<void> {
    for (let i = 0; i < count; i++)
      if (!(await this.report(`rubbish-${i}`)))
        violations.add(`a good Start was not acknowledged (session rubbish-${i})`);
    const open = await this.product.ask<{ id: string }>(
      `SELECT radacctid::text AS id FROM session_live WHERE acct_session_id LIKE 'rubbish-%'`,
    );
    violations.expect('sessions opened', open.length, count);
    for (const { id } of open) {
      const answer = await this.product.api.post(`/sessions/${id}/disconnect`);
      violations.expect('answer to a disconnect', answer.status, 202);
    }
    const end = Date.now() + 40_000;
    for (;;) {
      const [row] = await this.product.ask<{ n: string }>(
        `SELECT count(DISTINCT e.id)::text AS n FROM enforcement e JOIN enforcement_attempt a ON a.enforcement_id = e.id AND a.outcome = 'ack'
         JOIN session_live s ON s.radacctid = e.session_id WHERE s.acct_session_id LIKE 'rubbish-%'`,
      );
      if (Number(row?.n) === count) return;
      if (Date.now() > end)
        return violations.add(`only ${row?.n} of ${count} good ACKs were recorded among the rubbish`);
      await sleep(200);
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      [this.out, this.incoming].map((socket) => new Promise<void>((done) => socket.close(() => done()))),
    );
  }

  private reply(datagram: Buffer, port: number, address: string): void {
    const decoded = decodePacket(datagram);
    if (decoded.kind !== 'packet') return;
    const { packet } = decoded;
    const good = PacketBuilder.reply(packet, (packet.code + 1) as Code).seal(secret);
    for (let i = 0; i < 40; i++) {
      const mutated = mutate(
        Buffer.concat([good, Buffer.from(encodeSample(SAMPLES.mikrotikPppoeStart, 1, secret).subarray(20))]),
        this.dice,
      );
      this.incoming.send(mutated, port, address, () => undefined);
      this.answered++;
    }
    this.incoming.send(good, port, address, () => undefined);
  }
}

function bound(socket: Socket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, resolve);
  });
}
