import { randomBytes } from 'node:crypto';
import { Code, Packet, PacketBuilder } from '../packet';
import { exchange } from './client';
import { TestServer } from './server';

const secret = Buffer.from('s3cret');
const request = PacketBuilder.request(Code.AccessRequest, 44).addMessageAuthenticator().seal(secret);

test('the same octets are sent again until a reply verifies', async () => {
  const seen: string[] = [];
  const server = await TestServer.listen((packet, from) => {
    seen.push(`${from.address} ${packet.bytes.toString('hex')}`);
    return seen.length < 3 ? undefined : PacketBuilder.reply(packet, Code.AccessAccept).seal(secret);
  });
  const result = await exchange(request, {
    host: server.host,
    port: server.port,
    secret,
    timeout_ms: 150,
    sourceAddress: '127.9.8.7',
  });
  await server.close();
  expect(result).toMatchObject({ kind: 'reply', sends: 3, refused: [] });
  expect(new Set(seen)).toEqual(new Set([`127.9.8.7 ${request.toString('hex')}`]));
});

test('replies that do not verify are refused and named, and the wait goes on', async () => {
  const server = await TestServer.listen((packet) => {
    const wrong = new Packet(Buffer.from(packet.bytes).fill(randomBytes(16), 4, 20));
    return PacketBuilder.reply(wrong, Code.AccessAccept).seal(secret);
  });
  const result = await exchange(request, { host: server.host, port: server.port, secret, timeout_ms: 200, tries: 2 });
  await server.close();
  expect(result).toEqual({ kind: 'timeout', sends: 2, refused: ['bad_authenticator', 'bad_authenticator'] });
});

test('a reply without Message-Authenticator is refused when one is required', async () => {
  const server = await TestServer.listen((packet) => PacketBuilder.reply(packet, Code.AccessAccept).seal(secret));
  const options = { host: server.host, port: server.port, secret, timeout_ms: 300, tries: 1 };
  expect(await exchange(request, { ...options, requireMessageAuthenticator: true })).toMatchObject({
    kind: 'timeout',
    refused: ['missing_message_authenticator'],
  });
  expect(await exchange(request, options)).toMatchObject({ kind: 'reply' });
  await server.close();
});

test('a source address that is not ours rejects', async () => {
  await expect(exchange(request, { host: '127.0.0.1', port: 9, secret, sourceAddress: '192.0.2.1' })).rejects.toThrow();
});
