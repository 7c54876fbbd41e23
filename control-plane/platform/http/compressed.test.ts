import express from 'express';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { compressed } from './compressed';

const LONG = '<p>Karibu Lango</p>'.repeat(500);
let server: Server;
beforeAll(async () => {
  const app = express().set('trust proxy', 'loopback').use(compressed());
  app.get('/page', (_req, res) => void res.type('html').send(LONG));
  app.get('/data', (_req, res) => void res.json({ items: [LONG] }));
  app.get('/small', (_req, res) => void res.json({ ok: true }));
  app.get('/picture', (_req, res) => void res.type('png').send(Buffer.alloc(9000)));
  server = await new Promise<Server>((ready) => {
    const listening = app.listen(0, '127.0.0.1', () => ready(listening));
  });
});
afterAll(() => server.close());

async function ask(path: string, headers: Record<string, string> = {}) {
  const { port } = server.address() as AddressInfo;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { 'accept-encoding': 'gzip, br', ...headers } }, resolve)
      .on('error', reject)
      .end();
  });
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const raw = Buffer.concat(pieces);
  return { by: answer.headers['content-encoding'], vary: answer.headers['vary'] ?? '', raw };
}

test('pages and JSON come compressed as the browser takes them, and say on what that depends', async () => {
  const page = await ask('/page');
  expect(page.by).toBe('br');
  expect(brotliDecompressSync(page.raw).toString()).toBe(LONG);
  expect(page.raw.length).toBeLessThan(LONG.length / 10);
  expect(page.vary.toLowerCase()).toContain('accept-encoding');
  expect(page.vary.toLowerCase()).toContain('sec-fetch-site');
  const data = await ask('/data', { 'accept-encoding': 'gzip' });
  expect(data.by).toBe('gzip');
  expect(JSON.parse(gunzipSync(data.raw).toString())).toEqual({ items: [LONG] });
  expect((await ask('/page', { 'accept-encoding': 'identity' })).by).toBeUndefined();
  expect((await ask('/small')).by).toBeUndefined();
  expect((await ask('/picture')).by).toBeUndefined();
});

test.each([
  ['our own page', { 'sec-fetch-site': 'same-origin' }, 'br'],
  ['the address bar', { 'sec-fetch-site': 'none' }, 'br'],
  ['another site', { 'sec-fetch-site': 'cross-site' }, undefined],
  ['a neighbour under the same domain', { 'sec-fetch-site': 'same-site' }, undefined],
  ['an old browser under https, which does not say', { 'x-forwarded-proto': 'https' }, undefined],
  ['a program with its token under https', { 'x-forwarded-proto': 'https', authorization: 'Bearer x' }, 'br'],
])('what %s asked for', async (_who, headers: Record<string, string>, by) => {
  expect((await ask('/page', headers)).by).toBe(by);
});
