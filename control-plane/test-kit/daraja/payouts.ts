import { randomBytes } from 'node:crypto';
import { textOf } from '../../payments/call';
import { receiptOf } from './model';

/** A payout that was taken, and what is true of it. */
export interface SimulatedPayout {
  conversation: string;
  originator: string;
  phone: string;
  amount: number;
  resultUrl: string;
  truth: { kind: 'pending' } | { kind: 'paid'; receipt: string } | { kind: 'failed'; code: string; text: string };
}

interface Answer {
  status: number;
  body: unknown;
}

/** broken: taken, and the answer lost behind a gateway's error. spike: turned away. */
export type PayoutFault = 'broken' | 'spike';

const REQUEST = '/mpesa/b2c/v3/paymentrequest';
const STATUS = '/mpesa/transactionstatus/v1/query';
const nameOf = (): string => `AG_20261121_${randomBytes(10).toString('hex')}`;
const refusal = (status: number, errorCode: string, errorMessage: string): Answer => ({
  status,
  body: { requestId: 'r', errorCode, errorMessage },
});

/** The desk of B2C: money to phones, told of by a call to the address that was handed over, or when it is asked. */
export class PayoutDesk {
  readonly taken: SimulatedPayout[] = [];
  /** Orders under a name that was used before. */
  repeats = 0;
  questions = 0;
  private readonly faults: PayoutFault[] = [];

  constructor(
    private readonly post: (url: string, body: unknown) => Promise<unknown>,
    /** What becomes of a payout once it is taken. */
    public usual: (payout: SimulatedPayout, desk: PayoutDesk) => unknown = (one, desk) => desk.tell(desk.pay(one)),
  ) {}

  failNext(...faults: PayoutFault[]): void {
    this.faults.push(...faults);
  }

  /** The money arrives. */
  pay(one: SimulatedPayout): SimulatedPayout {
    if (one.truth.kind === 'pending') one.truth = { kind: 'paid', receipt: receiptOf() };
    return one;
  }

  refuse(one: SimulatedPayout, code: string, text = `refused with ${code}`): SimulatedPayout {
    if (one.truth.kind === 'pending') one.truth = { kind: 'failed', code, text };
    return one;
  }

  /** Shillings that truly arrived on a phone. */
  arrived(phone: string): number {
    return this.taken
      .filter((one) => one.phone === phone && one.truth.kind === 'paid')
      .reduce((sum, one) => sum + one.amount, 0);
  }

  /** Whether a call is for this desk: an order, or a question about one of its own. */
  knows(path: string, body: Record<string, unknown>): boolean {
    return path === REQUEST || (path === STATUS && this.named(body) !== undefined);
  }

  answer(path: string, body: Record<string, unknown>): Answer {
    return path === REQUEST ? this.take(body) : this.ask(body);
  }

  tell(one: SimulatedPayout): Promise<unknown> {
    return this.post(one.resultUrl, outcomeOf(one));
  }

  /** The notice that its queue took too long: it says nothing about the money. */
  tellTimeout(one: SimulatedPayout): Promise<unknown> {
    const { originator, conversation } = one;
    const Result = { ResultType: 1, ResultCode: 'timeout', ResultDesc: 'Request timed out' };
    return this.post(one.resultUrl, {
      Result: { ...Result, OriginatorConversationID: originator, ConversationID: conversation },
    });
  }

  private named(body: Record<string, unknown>): SimulatedPayout | undefined {
    const asked = textOf(body['OriginalConversationID']);
    return this.taken.find((one) => one.conversation === asked || one.originator === asked);
  }

  private take(body: Record<string, unknown>): Answer {
    const met = this.faults.shift();
    if (met === 'spike') return refusal(500, '500.003.02', 'Spike Arrest Violation');
    if (textOf(body['InitiatorName']) === '' || textOf(body['SecurityCredential']) === '')
      return refusal(400, '400.002.02', 'Bad Request - Invalid InitiatorName');
    const originator = textOf(body['OriginatorConversationID']);
    if (this.taken.some((one) => one.originator === originator)) {
      this.repeats += 1;
      return refusal(500, '500.002.1001', 'Duplicate OriginatorConversationID');
    }
    const one: SimulatedPayout = {
      conversation: nameOf(),
      originator,
      phone: textOf(body['PartyB']),
      amount: Number(body['Amount']),
      resultUrl: textOf(body['ResultURL']),
      truth: { kind: 'pending' },
    };
    this.taken.push(one);
    void Promise.resolve()
      .then(() => this.usual(one, this))
      .catch(() => undefined);
    return met === 'broken'
      ? { status: 503, body: '<html>Service Unavailable</html>' }
      : { status: 200, body: accepted(originator, one.conversation) };
  }

  private ask(body: Record<string, unknown>): Answer {
    this.questions += 1;
    const one = this.named(body);
    const conversation = nameOf();
    void Promise.resolve()
      .then(() => this.post(textOf(body['ResultURL']), statusOf(conversation, one)))
      .catch(() => undefined);
    return { status: 200, body: accepted(randomBytes(8).toString('hex'), conversation) };
  }
}

const accepted = (originator: string, conversation: string) => ({
  OriginatorConversationID: originator,
  ConversationID: conversation,
  ResponseCode: '0',
  ResponseDescription: 'Accept the service request successfully.',
});

function outcomeOf({ truth, originator, conversation, amount, phone }: SimulatedPayout): unknown {
  const names = { OriginatorConversationID: originator, ConversationID: conversation };
  if (truth.kind !== 'paid') {
    const [code, text] = truth.kind === 'failed' ? [truth.code, truth.text] : ['26', 'System busy'];
    return { Result: { ResultType: 0, ResultCode: code, ResultDesc: text, ...names, TransactionID: receiptOf() } };
  }
  const ResultParameter = [
    { Key: 'TransactionAmount', Value: amount },
    { Key: 'TransactionReceipt', Value: truth.receipt },
    { Key: 'ReceiverPartyPublicName', Value: `${phone} - J D` },
    { Key: 'B2CRecipientIsRegisteredCustomer', Value: 'Y' },
  ];
  return {
    Result: {
      ResultType: 0,
      ResultCode: 0,
      ResultDesc: 'The service request is processed successfully.',
      ...names,
      TransactionID: truth.receipt,
      ResultParameters: { ResultParameter },
    },
  };
}

function statusOf(conversation: string, one: SimulatedPayout | undefined): unknown {
  const status = one?.truth.kind === 'paid' ? 'Completed' : one?.truth.kind === 'failed' ? 'Declined' : 'Initiated';
  const ResultParameter = [
    { Key: 'ReceiptNo', Value: one?.truth.kind === 'paid' ? one.truth.receipt : '' },
    { Key: 'TransactionStatus', Value: status },
    { Key: 'ConversationID', Value: one?.conversation ?? '' },
    { Key: 'Amount', Value: one?.amount ?? 0 },
  ];
  return {
    Result: {
      ResultType: 0,
      ResultCode: one ? 0 : 2,
      ResultDesc: 'The service request is processed successfully.',
      OriginatorConversationID: 'o',
      ConversationID: conversation,
      TransactionID: 'OAA0000000',
      ResultParameters: { ResultParameter },
    },
  };
}
