import { scenarios, type Push } from '../../test-kit/daraja';
import { openMpesaStage, type MpesaStage } from '../../test-kit/payment-provider/mpesa-stage';
import { once } from '../../test-kit/payment-provider/stage';

let stage: MpesaStage;
beforeAll(async () => {
  stage = await openMpesaStage();
}, 60_000);
afterAll(() => stage?.stop());

/** Told so often. */
const DELIVERIES = 1_000;
/** Below what a listener keeps waiting: none is turned away by the machine. */
const AT_ONCE = 225;
const LATE = 100;
/** Patience with a slow machine, not a promise. */
const PATIENCE_MS = 240_000;

test('a thousand deliveries of one payment, doubled, reordered, contradicting each other and late, are one credit and one extension', async () => {
  const { daraja } = stage;
  const { sub, payment } = await stage.prompted(scenarios.nothing);
  const push = stage.pushOf(payment);
  const failed: Push = { ...push, truth: { kind: 'failed', code: 1032, text: 'Request cancelled by user' } };
  daraja.pay(push);
  const open = `${stage.lango.baseUrl}/api/webhooks/mpesa-callback`;
  const kinds = [
    () => daraja.callback(push),
    () => daraja.confirm(push),
    () => daraja.callback(failed),
    () => daraja.callback(push, undefined, open),
    () => daraja.callback(push),
  ];
  const deliver = (n: number) => kinds[(n * 7 + (n >> 3)) % kinds.length]!();
  for (let n = 0; n < DELIVERIES - LATE; n += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => deliver(n + i)));
    expect(answers.filter((one) => one.status !== 200)).toEqual([]);
  }
  await stage.inState(payment['id'], 'settled');
  await stage.quiet(PATIENCE_MS);
  expect(await stage.booked(sub)).toEqual(once);
  // The rest comes when all is long done.
  await Promise.all(Array.from({ length: LATE }, (_, n) => deliver(n)));
  await stage.quiet(PATIENCE_MS);
  expect(await stage.booked(sub)).toEqual(once);
  expect(await stage.show(payment['id'])).toMatchObject({
    state: 'settled',
    receipt: push.truth.kind === 'paid' ? push.truth.receipt : '',
  });
}, 600_000);
