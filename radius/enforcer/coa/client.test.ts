import { Code, PacketBuilder, verifyRequest } from '../../packet';
import { TestServer } from '../../testing';
import { CoaClient } from './client';

const [before, after] = [Buffer.from('old-secret'), Buffer.from('new-secret')];

const cut = ({ port }: TestServer): Parameters<CoaClient['request']>[0] => ({
  address: '127.0.0.1',
  port,
  secret: before,
  otherSecret: after,
  code: Code.DisconnectRequest,
  write: (builder) => void builder.add(0, 44, Buffer.from('session')),
});

describe('while a router’s secret is being replaced', () => {
  it.each([
    ['old', before],
    ['new', after],
  ])('an order is obeyed at once by one that holds the %s one', async (_name, held) => {
    const router = await TestServer.listen((packet) => {
      if (verifyRequest(packet, held) === 'valid') return PacketBuilder.reply(packet, Code.DisconnectAck).seal(held);
      return undefined;
    });
    const client = new CoaClient({ bind: '127.0.0.1', resendAfterMs: [60_000] });
    const answer = await client.request(cut(router));
    expect(answer).toMatchObject({ outcome: 'ack' });
    await client.close();
    await router.close();
  });

  it('an answer that neither fits is not believed', async () => {
    const router = await TestServer.listen((packet) =>
      PacketBuilder.reply(packet, Code.DisconnectAck).seal(Buffer.from('a third')),
    );
    const client = new CoaClient({ bind: '127.0.0.1', resendAfterMs: [200] });
    const answer = await client.request(cut(router));
    expect(answer).toMatchObject({ outcome: 'silence', refusedReplies: 2 });
    await client.close();
    await router.close();
  });
});
