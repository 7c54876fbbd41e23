import { createHash, randomBytes } from 'node:crypto';
import { SimulatedServer, type Answer, type Asked } from '../simulated-server';
import { queryAnswer } from './answers';
import {
  receiptOf,
  type DarajaOptions,
  type HandPayment,
  type Lie,
  type Push,
  type PushFault,
  type Scenario,
} from './model';
import { PayoutDesk } from './payouts';
import { ReversalDesk } from './reversals';
import { checkPush } from './rules';

export type { HandPayment, Push, PushFault, Scenario } from './model';
export * from './scenarios';

const fault = (status: number, errorCode: string, errorMessage: string): Answer => ({
  status,
  body: { requestId: randomBytes(6).toString('hex'), errorCode, errorMessage },
});

/**
 * Safaricom's Daraja as it stands on the wire: OAuth, STK push and query, C2B registration, pull. What a phone does is a scenario (scenarios.ts), chosen by
 * number; what was truly paid is in `pushes` and `byHand`. Callbacks go to the addresses that were handed over, when `callback` and `confirm` are called.
 */
export class SimulatedDaraja extends SimulatedServer {
  readonly pushes: Push[] = [];
  readonly byHand: HandPayment[] = [];
  /** Of the list. */
  rowsPerPage = 2;
  /** Requests by path. */
  readonly calls: { path: string; body: Record<string, unknown> }[] = [];
  registered: { confirmation: string; validation: string; responseType: string } | undefined;
  pullRegistered = false;
  /** Prompts that met a fault. */
  faultsMet = 0;
  /** Reversals, and questions about them. */
  readonly reversals = new ReversalDesk(
    (receipt) => this.paidWith(receipt),
    (url, body) => this.post(url, body),
  );
  /** Money to phones (B2C), and questions about it. */
  readonly payouts = new PayoutDesk((url, body) => this.post(url, body));
  /** Tokens handed out so far are not known any more. */
  private readonly tokens = new Set<string>();
  private readonly phones = new Map<string, Scenario>();
  private readonly faults: PushFault[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly lies = new Map<string, Lie[]>();
  private usual: Scenario = () => undefined;
  private readonly before: ((push: Push) => unknown)[] = [];

  constructor(readonly options: DarajaOptions) {
    super();
  }

  override async stop(): Promise<void> {
    await super.stop();
    await Promise.allSettled(this.running);
  }

  /** Done with the next push before it is answered. */
  beforeAnswer(work: (push: Push) => unknown): void {
    this.before.push(work);
  }

  /** What the phone with this number does from now on (254712345678); without a number, every other phone. */
  script(scenario: Scenario, msisdn?: string): void {
    if (msisdn === undefined) this.usual = scenario;
    else this.phones.set(msisdn, scenario);
  }

  /** The next push meets this instead of being taken, or after it was taken. */
  failNext(...faults: PushFault[]): void {
    this.faults.push(...faults);
  }

  /** What queries of this push are answered, one after another, whatever is true; after the last the truth. */
  lie(push: Push, ...lies: Lie[]): void {
    this.lies.set(push.checkoutId, [...(this.lies.get(push.checkoutId) ?? []), ...lies]);
  }

  forgetTokens(): void {
    this.tokens.clear();
  }

  /** The customer types the PIN: money moves. */
  pay(push: Push): Push {
    if (push.truth.kind !== 'paid') push.truth = { kind: 'paid', receipt: receiptOf(), at: new Date() };
    return push;
  }

  fail(push: Push, code: string | number, text = `failed with ${code}`): Push {
    if (push.truth.kind === 'pending') push.truth = { kind: 'failed', code, text };
    return push;
  }

  /** Posts a push's outcome to its callback address. `change` alters what is told, for forgeries and odd shapes. */
  callback(push: Push, change: (body: Record<string, unknown>) => unknown = (body) => body, to = push.callbackUrl) {
    return this.post(to, change(callbackBody(push)));
  }

  /** Somebody pays the paybill by hand. Told only by `confirm`; the list (pull) has it at once. */
  payByHand(fields: { msisdn: string; amount: number; account: string; receipt?: string }): HandPayment {
    const made: HandPayment = { receipt: receiptOf(), at: new Date(), ...fields };
    this.byHand.push(made);
    return made;
  }

  /** The C2B confirmation of a payment by hand, or of a push that was paid: the same receipt. */
  confirm(paid: HandPayment | Push, change: (body: Record<string, unknown>) => unknown = (body) => body) {
    return this.post(this.registered?.confirmation ?? '', change(this.confirmation(paid)));
  }

  /** Asks whether a payment may be made, before the money moves. */
  validate(paid: HandPayment) {
    return this.post(this.registered?.validation ?? '', { ...this.confirmation(paid), OrgAccountBalance: '' });
  }

  confirmation(paid: HandPayment | Push): Record<string, unknown> {
    const hand = 'truth' in paid ? handOf(paid) : paid;
    return {
      TransactionType: 'Pay Bill',
      TransID: hand.receipt,
      TransTime: stamp(hand.at),
      TransAmount: hand.amount.toFixed(2),
      BusinessShortCode: this.options.shortcode,
      BillRefNumber: hand.account,
      InvoiceNumber: '',
      OrgAccountBalance: '49197.00',
      ThirdPartyTransID: '',
      MSISDN:
        this.options.msisdnForm === 'plain'
          ? hand.msisdn
          : this.options.msisdnForm === 'masked'
            ? maskOf(hand.msisdn)
            : sha(hand.msisdn),
      FirstName: 'JOHN',
      MiddleName: '',
      LastName: '',
    };
  }

  protected answer({ method, path, query, headers, text }: Asked): Answer | undefined | Promise<Answer | undefined> {
    const authorization = headers['authorization'] ?? '';
    if (path === '/oauth/v1/generate') return this.token(authorization, query);
    if (method !== 'POST') return fault(405, '405.001', 'Method Not Allowed');
    const bearer = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
    if (!this.tokens.has(bearer)) return fault(404, '404.001.03', 'Invalid Access Token');
    const body = parse(text);
    if (!body) return fault(400, '400.002.05', 'Invalid Request Payload');
    this.calls.push({ path, body });
    switch (path) {
      case '/mpesa/stkpush/v1/processrequest':
        return this.push(body);
      case '/mpesa/stkpushquery/v1/query':
        return this.query(body);
      case '/mpesa/c2b/v1/registerurl':
      case '/mpesa/c2b/v2/registerurl':
        return this.register(body);
      case '/pulltransactions/v1/register':
        this.pullRegistered = true;
        return {
          status: 200,
          body: {
            ResponseRefID: randomBytes(4).toString('hex'),
            ResponseStatus: '1000',
            ShortCode: this.options.shortcode,
            ResponseDescription: 'ok',
          },
        };
      case '/pulltransactions/v1/query':
        return this.pull(body);
      default:
        return this.payouts.knows(path, body) ? this.payouts.answer(path, body) : this.reversals.answer(path, body);
    }
  }

  /** What a receipt was truly paid with, in shillings. */
  private paidWith(receipt: string): number | undefined {
    const push = this.pushes.find((one) => one.truth.kind === 'paid' && one.truth.receipt === receipt);
    return push?.amount ?? this.byHand.find((one) => one.receipt === receipt)?.amount;
  }

  private token(authorization: string, query: URLSearchParams): Answer {
    const wanted = Buffer.from(`${this.options.consumerKey}:${this.options.consumerSecret}`).toString('base64');
    if (query.get('grant_type') !== 'client_credentials') return fault(400, '400.008.02', 'Invalid grant type passed');
    // Keys of the other environment: no word at all.
    if (authorization !== `Basic ${wanted}`) return { status: 400, body: undefined };
    const token = randomBytes(14).toString('hex');
    this.tokens.add(token);
    return { status: 200, body: { access_token: token, expires_in: '3599' } };
  }

  private async push(body: Record<string, unknown>): Promise<Answer | undefined> {
    const met = this.faults.shift();
    if (met) this.faultsMet++;
    if (met === 'spike') return fault(500, '500.003.02', 'Spike Arrest Violation');
    if (met === 'locked')
      return fault(
        500,
        '500.001.1001',
        'Unable to lock subscriber, a transaction is already in process for the current subscriber',
      );
    if (met === 'html') return { status: 503, body: '<html><body>Service Unavailable</body></html>' };
    if (met === 'garbage') return { status: 200, body: '<html><body>Welcome</body></html>' };
    if (met === 'empty') return { status: 400, body: undefined };
    const wrong = checkPush(body, this.options);
    if (wrong) return fault(wrong.status, wrong.code, wrong.text);
    const push = this.takePush(body);
    await this.before.shift()?.(push);
    if (met === 'silent') return undefined;
    if (met === 'cut') return 'cut';
    return {
      status: 200,
      body: {
        MerchantRequestID: push.merchantId,
        CheckoutRequestID: push.checkoutId,
        ResponseCode: '0',
        ResponseDescription: 'Success. Request accepted for processing',
        CustomerMessage: 'Success. Request accepted for processing',
      },
    };
  }

  private takePush(body: Record<string, unknown>): Push {
    const msisdn = String(body['PhoneNumber']);
    const push: Push = {
      merchantId: `${randomBytes(2).toString('hex')}-${randomBytes(2).toString('hex')}-${randomBytes(8).toString('hex')}`,
      checkoutId: `ws_CO_${stamp(new Date())}${randomBytes(2).readUInt16BE()}${msisdn.slice(3)}`,
      msisdn,
      amount: Number(body['Amount']),
      reference: String(body['AccountReference']),
      callbackUrl: String(body['CallBackURL']),
      truth: { kind: 'pending' },
    };
    this.pushes.push(push);
    const scenario = this.phones.get(msisdn) ?? this.usual;
    const run = Promise.resolve()
      .then(() => scenario(push, this))
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.running.delete(run));
    this.running.add(run);
    return push;
  }

  private query(body: Record<string, unknown>): Answer {
    const push = this.pushes.find((one) => one.checkoutId === body['CheckoutRequestID']);
    if (!push) return fault(500, '500.001.1001', 'The transaction does not exist');
    return queryAnswer(push, this.lies.get(push.checkoutId)?.shift());
  }

  private register(body: Record<string, unknown>): Answer {
    const { ConfirmationURL, ValidationURL, ResponseType } = body;
    if (ResponseType !== 'Completed' && ResponseType !== 'Cancelled')
      return fault(400, '400.003.02', 'Bad Request - Invalid ResponseType');
    for (const url of [ConfirmationURL, ValidationURL])
      if (/mpesa|m-pesa|safaricom|exec?|cmd|sql|query/i.test(String(url)))
        return fault(400, '400.003.02', 'Bad Request - Invalid URL');
    this.registered = {
      confirmation: String(ConfirmationURL),
      validation: String(ValidationURL),
      responseType: ResponseType,
    };
    return {
      status: 200,
      body: {
        OriginatorCoversationID: randomBytes(6).toString('hex'),
        ResponseCode: '0',
        ResponseDescription: 'success',
      },
    };
  }

  /** Few rows a page, doubly nested, names in small letters. */
  private pull(body: Record<string, unknown>): Answer {
    const all = [...this.byHand, ...this.pushes.filter((one) => one.truth.kind === 'paid').map(handOf)];
    const rows = all.slice(Number(body['OffSetValue']), Number(body['OffSetValue']) + this.rowsPerPage);
    if (rows.length === 0)
      return {
        status: 200,
        body: { ResponseRefID: 'x', ResponseCode: '1001', ResponseMessage: 'No transactions', Response: [[]] },
      };
    const Response = [
      rows.map((hand) => ({
        transactionId: hand.receipt,
        trxDate: new Date(hand.at.getTime() + 3 * 3_600_000).toISOString().slice(0, 19),
        msisdn: Number(hand.msisdn.slice(3)),
        sender: 'MPESA',
        transactiontype: 'c2b-pay-bill-debit',
        billreference: hand.account,
        amount: hand.amount.toFixed(2),
        organizationname: 'Lango',
      })),
    ];
    return { status: 200, body: { ResponseRefID: 'x', ResponseCode: '1000', ResponseMessage: 'Success', Response } };
  }
}

/** Starts one; call stop(). */
export async function startDaraja(options: Partial<DarajaOptions> = {}): Promise<SimulatedDaraja> {
  const daraja = new SimulatedDaraja({
    consumerKey: 'key',
    consumerSecret: 'secret-of-app',
    shortcode: '174379',
    passkey: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
    msisdnForm: 'hashed',
    ...options,
  });
  await daraja.start();
  return daraja;
}

/** What Safaricom says of a push: with types as they come, numbers where one expects texts. */
export function callbackBody(push: Push): Record<string, unknown> {
  const { truth } = push;
  const ids = { MerchantRequestID: push.merchantId, CheckoutRequestID: push.checkoutId };
  if (truth.kind !== 'paid') {
    const [code, text] =
      truth.kind === 'failed' ? [truth.code, truth.text] : [1037, 'DS timeout user cannot be reached'];
    return { Body: { stkCallback: { ...ids, ResultCode: code, ResultDesc: text } } };
  }
  const Item = [
    { Name: 'Amount', Value: push.amount },
    { Name: 'MpesaReceiptNumber', Value: truth.receipt },
    { Name: 'Balance' },
    { Name: 'TransactionDate', Value: Number(stamp(truth.at)) },
    { Name: 'PhoneNumber', Value: Number(push.msisdn) },
  ];
  const ResultDesc = 'The service request is processed successfully.';
  return { Body: { stkCallback: { ...ids, ResultCode: 0, ResultDesc, CallbackMetadata: { Item } } } };
}

function handOf(push: Push): HandPayment {
  if (push.truth.kind !== 'paid') throw new Error('This push was not paid.');
  return {
    receipt: push.truth.receipt,
    at: push.truth.at,
    msisdn: push.msisdn,
    amount: push.amount,
    account: push.reference,
  };
}

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const maskOf = (msisdn: string): string => `${msisdn.slice(0, 4)} ***** ${msisdn.slice(-3)}`;
/** yyyyMMddHHmmss in Nairobi. */
const stamp = (at: Date): string =>
  new Date(at.getTime() + 3 * 3_600_000).toISOString().replaceAll(/[-T:]/g, '').slice(0, 14);

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
