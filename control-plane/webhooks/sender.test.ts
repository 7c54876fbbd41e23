import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { guardHost, isPublicAddress } from './address-guard';
import { postMessage } from './post-message';
import { nextTryS, RETRY_AFTER_S } from './send-due';
import { newSigningSecret, signatureHeader } from './sign';

test('signs as the specification’s own example says', () => {
  // https://github.com/standard-webhooks/standard-webhooks, test vector of the reference libraries.
  const header = signatureHeader(
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1614265330,
    '{"test": 2432232314}',
  );
  expect(header).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(newSigningSecret()).not.toBe(newSigningSecret());
});

test.each([
  ['8.8.8.8', true],
  ['1.1.1.1', true],
  ['172.15.0.1', true],
  ['172.16.0.1', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['169.254.169.254', false],
  ['192.168.1.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['2a00:1450:4001::1', true],
  ['::1', false],
  ['::', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::7f00:1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
])('%s is public: %s', (address, open) => {
  expect(isPublicAddress(address)).toBe(open);
});

test.each([
  ['https://2130706433/', 'refused'],
  ['https://0x7f.1/', 'refused'],
  ['https://[::ffff:7f00:1]/', 'refused'],
  ['https://localhost/', 'refused'],
  ['http://8.8.8.8/', 'refused'],
  ['https://8.8.8.8/', 'address'],
  ['https://name.invalid/', 'unresolved'],
])('%s is %s', async (url, kind) => {
  expect(await guardHost(new URL(url), [])).toMatchObject({ kind });
});

test('an opened network is reached without TLS, and its neighbours are not', async () => {
  expect(await guardHost(new URL('http://10.1.2.3/'), ['10.1.2.0/24'])).toEqual({
    kind: 'address',
    address: '10.1.2.3',
    family: 4,
  });
  expect(await guardHost(new URL('http://10.1.3.3/'), ['10.1.2.0/24'])).toEqual({ kind: 'refused' });
  expect(await guardHost(new URL('http://[fd00::7]/'), ['fd00::/64'])).toMatchObject({ kind: 'address', family: 6 });
});

describe('a receiver that misbehaves', () => {
  const serve = async (reply: (write: (text: string) => void) => void) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => reply((text) => socket.write(text)));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  };
  const options = { networks: ['127.0.0.1/32'], timeoutMs: 300 };

  test('that never answers costs the time allowed', async () => {
    const { server, url } = await serve(() => undefined);
    expect(await postMessage(url, {}, '{}', options)).toMatchObject({ status: undefined, fault: 'timeout' });
    server.close();
  });

  test('that talks without end has given its status, and little is kept', async () => {
    const { server, url } = await serve((write) => {
      write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(50_000)}`);
    });
    const posted = await postMessage(url, {}, '{}', { ...options, timeoutMs: 5_000 });
    expect(posted).toMatchObject({ status: 200, fault: undefined });
    expect(posted.responseBody).toHaveLength(2000);
    server.close();
  });

  test('that speaks nonsense, or is not there, is a connection fault', async () => {
    const { server, url } = await serve((write) => write('\0\0 nonsense\r\n\r\n'));
    expect(await postMessage(url, {}, '{}', { ...options, timeoutMs: 5_000 })).toMatchObject({ fault: 'connection' });
    await new Promise((done) => server.close(done));
    expect(await postMessage(url, {}, '{}', { ...options, timeoutMs: 5_000 })).toMatchObject({ fault: 'connection' });
  });
});

test('tries spread over three days and a half, never in step, and end', () => {
  const seconds = RETRY_AFTER_S.map((_one, tries) => nextTryS(tries, undefined, () => 0.5));
  expect(seconds).toEqual([...RETRY_AFTER_S]);
  expect(nextTryS(0, undefined, () => 0)).toBe(4);
  expect(nextTryS(0, undefined, () => 1)).toBeCloseTo(6);
  expect(nextTryS(RETRY_AFTER_S.length)).toBeNull();
  expect(nextTryS(0, 120)).toBe(120);
  expect(nextTryS(0, 9_999_999)).toBe(3600);
});
