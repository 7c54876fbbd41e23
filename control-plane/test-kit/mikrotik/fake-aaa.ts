import { addText, get, type AttributeName } from '../../../radius/attributes';
import { Code, encodeAccountingResponse, type Packet, PacketBuilder } from '../../../radius/packet';
import { TestServer } from '../../../radius/testing';
import type { RadiusRow } from './options';

/** What the fake server says to an Access-Request: attributes of an accept, or a reject, or silence. */
export type Reply = { accept: [string, string | Buffer][] } | { reject: string } | 'silence';

/** A RADIUS server of a few lines that the simulator's own tests run against; real ones are used in scenarios. */
export class FakeAaa {
  readonly seen: { packet: Packet; from: string }[] = [];
  /** Called for each Access-Request. */
  authorize: (request: Packet) => Reply = () => ({ accept: [] });
  /** False leaves an accounting record unanswered. */
  acknowledge: (record: Packet) => boolean = () => true;
  signReplies = true;

  private constructor(
    private readonly secret: Buffer,
    readonly host: string,
  ) {}

  private server: TestServer | undefined;

  static async listen(secret: string, host = '127.0.0.1'): Promise<FakeAaa> {
    const fake = new FakeAaa(Buffer.from(secret), host);
    fake.server = await TestServer.listen((packet, from) => fake.answer(packet, `${from.address}:${from.port}`), host);
    return fake;
  }

  get row(): RadiusRow {
    const port = this.server?.port ?? 0;
    return { address: this.host, authPort: port, acctPort: port };
  }

  /** Packets of a code, in the order of arrival, repeats included. */
  packets(code: number): Packet[] {
    return this.seen.filter(({ packet }) => packet.code === code).map(({ packet }) => packet);
  }

  /** Accounting records of a status (its number), in the order of arrival. */
  records(status: number): Packet[] {
    return this.packets(Code.AccountingRequest).filter((packet) => get(packet, 'Acct-Status-Type') === status);
  }

  async close(): Promise<void> {
    await this.server?.close();
  }

  private answer(packet: Packet, from: string): Buffer | undefined {
    this.seen.push({ packet, from });
    if (packet.code === Code.AccountingRequest) {
      return this.acknowledge(packet) ? encodeAccountingResponse(packet, this.secret) : undefined;
    }
    const reply = this.authorize(packet);
    if (reply === 'silence') return undefined;
    const builder = PacketBuilder.reply(packet, 'accept' in reply ? Code.AccessAccept : Code.AccessReject);
    if (this.signReplies) builder.addMessageAuthenticator();
    const attributes =
      'accept' in reply ? reply.accept : ([['Reply-Message', reply.reject]] as [AttributeName, string][]);
    for (const [name, value] of attributes) {
      const text = typeof value === 'string' ? value : `0x${value.toString('hex')}`;
      if (!addText(builder, name, text)) throw new Error(`the fake server cannot say ${name} = ${text}`);
    }
    return builder.seal(this.secret);
  }
}
