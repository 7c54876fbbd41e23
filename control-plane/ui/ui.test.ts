import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { createUi } from './index';
import { assetRoutes } from './assets.routes';
import { bar, curve, sparkline } from './charts';
import {
  formatAmount,
  formatBytes,
  formatDeadline,
  formatLatency,
  formatMoment,
  formatRate,
  formatSpan,
} from './format';
import { proofLine } from './proof';
import { stateBadge } from './state';
import { withQuery } from './page';
import { readerOf } from './reader';

const ui = createUi({ strict: true });
const reader = readerOf({ locale: 'en', zone: 'Africa/Nairobi', nowMs: 0, currency: 'KES' }, ui.t);

describe('formats', () => {
  const context = { locale: 'en', zone: 'Africa/Nairobi', nowMs: Date.parse('2026-11-20T06:41:07Z') } as const;

  test('bytes are decimal with three figures and exact at the edges', () => {
    expect(formatBytes(0n, 'en')).toBe('0 B');
    expect(formatBytes(999_499n, 'en')).toBe('999 kB');
    expect(formatBytes(999_500n, 'en')).toBe('1 MB');
    expect(formatBytes(6_200_000_000n, 'en')).toBe('6.2 GB');
  });

  test('rates, spans and latencies read as in the look', () => {
    expect(formatRate(2.31e9, 'en')).toBe('2.31 Gbps');
    expect(formatRate(412e6, 'en')).toBe('412 Mbps');
    expect(formatSpan(2 * 3_600_000 + 29 * 60_000 + 5_000)).toBe('2 h 29 m');
    expect(formatSpan(0)).toBe('0 s');
    expect(formatLatency(41, 'en')).toBe('41 ms');
    expect(formatLatency(612, 'en')).toBe('0.6 s');
  });

  test('money shows cents only when there are some', () => {
    expect(formatAmount(250_000n, 'en')).toBe('2,500');
    expect(formatAmount(250_050n, 'en')).toBe('2,500.50');
  });

  test('moments are named as near as they are, in the zone of the company', () => {
    expect(formatMoment(new Date('2026-11-20T04:12:00Z'), context)).toBe('07:12');
    expect(formatMoment(new Date('2026-11-18T15:40:00Z'), context)).toBe('Wed 18:40');
    expect(formatMoment(new Date('2026-11-04T15:40:00Z'), context)).toBe('4 Nov');
    expect(formatMoment(new Date('2025-11-04T15:40:00Z'), context)).toBe('4 Nov 2025');
    // 21:30 UTC is already the next day in Nairobi.
    expect(formatDeadline(new Date('2027-01-02T21:30:00Z'), context)).toBe('3 Jan 2027, 00:30');
  });
});

describe('drawings', () => {
  test('a curve draws its line, its comparison, its labels and the dot at now', () => {
    const svg = curve({
      values: [1, 5, null, 9],
      ghost: [2, 2, 2, 2],
      ticks: [{ at: 0, label: '<10:00>' }],
      formatValue: String,
    });
    expect(svg).toContain('chart-now');
    expect(svg).toContain('chart-ghost');
    expect(svg).toContain('&lt;10:00&gt;');
    expect(svg.match(/chart-line" d="M0 [\d.]+L[\d. ]+M1000/)).not.toBeNull();
  });

  test('too little history is no drawing at all', () => {
    expect(curve({ values: [3], ticks: [], formatValue: String })).toBe('');
    expect(sparkline([null, null])).toBe('');
  });

  test('a bar holds its level inside its track', () => {
    expect(bar(1.7)).toContain('bar-fill" width="100%"');
    expect(bar(-1)).toContain('bar-fill" width="0%"');
  });

  test('no drawing and no template carries an inline style or handler, which the security policy forbids', () => {
    const svg = curve({ values: [1, 2], ticks: [], formatValue: String }) + bar(0.5) + sparkline([1, 2]);
    expect(svg).not.toMatch(/style=/);
    const root = join(__dirname, '..');
    const templates = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.hbs'));
    expect(templates.length).toBeGreaterThan(15);
    for (const file of templates) {
      const text = readFileSync(join(root, file), 'utf8');
      expect({ file, found: /\sstyle=|\son[a-z]+=|javascript:|<style|https?:\/\//.exec(text)?.[0] }).toEqual({
        file,
        found: undefined,
      });
    }
  });
});

describe('the proof of a cut', () => {
  const asked = new Date('2026-11-20T06:41:00Z');
  const order = { id: '7', kind: 'cut', askedAt: asked } as const;
  const text = (proof: ReturnType<typeof proofLine>) => proof.steps.map((step) => step.text).join(' / ');

  test('is green only when proven', () => {
    const acked = { ...order, state: 'open', attempts: [{ via: 'disconnect', outcome: 'ack', ms: 41 }] } as const;
    const waiting = proofLine({ ...acked, attempts: [...acked.attempts] }, reader);
    expect(waiting.tone).toBe('open');
    expect(text(waiting)).toBe('sent / ACK 41 ms');
    const proven = proofLine(
      { ...acked, attempts: [...acked.attempts], state: 'proven', provenAt: new Date(asked.getTime() + 612) },
      reader,
    );
    expect(proven.tone).toBe('proven');
    expect(text(proven)).toBe('sent / ACK 41 ms / gone 0.6 s');
  });

  test('is amber with its cause and the next step on NAK and on silence', () => {
    const nak = proofLine(
      { ...order, state: 'open', attempts: [{ via: 'disconnect', outcome: 'nak', errorCause: '503', ms: 38 }] },
      reader,
    );
    expect(nak).toMatchObject({ tone: 'troubled', next: 'try 2 next', open: true });
    expect(text(nak)).toBe('sent / NAK 38 ms / 503');
    const silent = proofLine(
      { ...order, state: 'gave_up', attempts: [{ via: 'disconnect', outcome: 'silence', ms: 2100 }] },
      reader,
    );
    expect(silent.tone).toBe('lost');
    expect(text(silent)).toBe('sent / no answer 2.1 s / gave up after 1 try');
  });
});

describe('templates', () => {
  const page = {
    locale: 'en',
    zone: 'Africa/Nairobi',
    nowMs: 0,
    theme: 'dark',
    currency: 'KES',
    path: '/x',
    csrf: 'token"',
    nav: [],
    pulse: [],
    title: 'A <b>',
    themeNext: 'light',
    themeLabel: 'x',
    themeIcon: 'moon',
  };

  test('everything from people is escaped and the theme is set on the first byte', () => {
    const html = ui.views.render('admin/views/problem', { ...page, text: '<script>' });
    expect(html).toContain('data-theme="dark"');
    expect(html).toContain('<title>A &lt;b&gt; · Lango</title>');
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('name="_csrf" value="token&quot;"');
    expect(html).toContain('href="/assets/console.');
  });

  test('a state says why in text', () => {
    const badge = stateBadge('suspended', reader, { why: 'Unpaid since 3 Nov' });
    expect(badge).toEqual({
      name: 'suspended',
      arch: 'shut',
      tone: 'bad',
      word: 'Suspended',
      why: 'Unpaid since 3 Nov',
    });
  });

  test('changing a filter keeps the others and drops the cursor', () => {
    const query = new URLSearchParams('router=3&q=a&cursor=99');
    expect(withQuery('/sessions', query, { router: null, plan: '2' })).toBe('/sessions?q=a&plan=2');
  });
});

describe('assets', () => {
  const app = express().use(assetRoutes(ui.assets));

  test.each(['console.css', 'console.js', 'htmx.js', 'lango.svg'])(
    '%s is served compressed, for ever, under its hash',
    async (name) => {
      const url = ui.assets.url(name);
      expect(url).toMatch(/^\/assets\/[a-z]+\.[\w-]{12}\.[a-z]+$/);
      const answer = await request(app).get(url).set('accept-encoding', 'gzip').buffer(true);
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(answer.headers['content-encoding']).toBe('gzip');
    },
  );

  test('an unknown one is a 404 that nobody caches', async () => {
    const answer = await request(app).get('/assets/console.000000000000.css');
    expect(answer.status).toBe(404);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('styles stay inside their budget of 40 KB, 10 KB compressed', () => {
    // What any page loads: the common one and the largest of the others.
    const size = (name: string) => ui.assets.at(ui.assets.url(name))!;
    const others = ['door.css', 'customer.css', 'sheet.css', 'today.css', 'person.css', 'staff.css', 'verdict.css'].map(
      size,
    );
    expect(size('console.css').body.length + Math.max(...others.map(({ body }) => body.length))).toBeLessThan(40_000);
    expect(size('console.css').gzip.length + Math.max(...others.map(({ gzip }) => gzip.length))).toBeLessThan(10_000);
  });
});
