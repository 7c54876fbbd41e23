import { randomBytes } from 'node:crypto';
import { textOf } from '../../payments/call';
import { receiptOf } from './model';

/** A reversal that was taken, and what is true of it. */
export interface Reversal {
  conversation: string;
  originator: string;
  receipt: string;
  amount: number;
  resultUrl: string;
  truth: { kind: 'pending' } | { kind: 'done'; receipt: string } | { kind: 'failed'; code: string; text: string };
}

interface Answer {
  status: number;
  body: unknown;
}

/** silent: taken and not answered. spike: turned away. */
export type ReversalFault = 'silent' | 'spike' | 'html';

const conversationOf = (): string => `AG_20261121_${randomBytes(10).toString('hex')}`;

/** The desk of initiator APIs: reversals and questions about them. Outcomes are told only by a call to the address that was handed over. */
export class ReversalDesk {
  readonly taken: Reversal[] = [];
  /** How often each question was asked. */
  questions = 0;
  private readonly faults: ReversalFault[] = [];

  /** @param paid what a receipt was truly paid with; undefined for one that there is not */
  constructor(
    private readonly paid: (receipt: string) => number | undefined,
    private readonly post: (url: string, body: unknown) => Promise<unknown>,
    /** What becomes of a reversal once it is taken. */
    public usual: (reversal: Reversal, desk: ReversalDesk) => unknown = (one, desk) => desk.tell(desk.reverse(one)),
  ) {}

  failNext(...faults: ReversalFault[]): void {
    this.faults.push(...faults);
  }

  /** The money goes back to the customer. */
  reverse(one: Reversal): Reversal {
    if (one.truth.kind === 'pending') one.truth = { kind: 'done', receipt: receiptOf() };
    return one;
  }

  refuse(one: Reversal, code: string, text = `refused with ${code}`): Reversal {
    if (one.truth.kind === 'pending') one.truth = { kind: 'failed', code, text };
    return one;
  }

  /** What was truly given back of a receipt. */
  reversed(receipt: string): number {
    const done = this.taken.filter((one) => one.receipt === receipt && one.truth.kind === 'done');
    return done.reduce((sum, one) => sum + one.amount, 0);
  }

  answer(path: string, body: Record<string, unknown>): Answer | undefined {
    if (path === '/mpesa/reversal/v1/request') return this.take(body);
    if (path === '/mpesa/transactionstatus/v1/query') return this.ask(body);
    return { status: 404, body: { errorCode: '404.001.01', errorMessage: 'Resource not found' } };
  }

  tell(one: Reversal): Promise<unknown> {
    return this.post(one.resultUrl, resultOf(one));
  }

  private take(body: Record<string, unknown>): Answer | undefined {
    const met = this.faults.shift();
    if (met === 'spike') return refusal(500, '500.003.02', 'Spike Arrest Violation');
    if (met === 'html') return { status: 503, body: '<html>Service Unavailable</html>' };
    if (textOf(body['Initiator']) === '' || textOf(body['SecurityCredential']) === '')
      return refusal(400, '400.002.02', 'Bad Request - Invalid Initiator');
    if (textOf(body['RecieverIdentifierType']) !== '11')
      return refusal(400, '400.002.02', 'Bad Request - Invalid RecieverIdentifierType');
    const one: Reversal = {
      conversation: conversationOf(),
      originator: randomBytes(8).toString('hex'),
      receipt: textOf(body['TransactionID']),
      amount: Number(body['Amount']),
      resultUrl: textOf(body['ResultURL']),
      truth: { kind: 'pending' },
    };
    const paid = this.paid(one.receipt);
    this.taken.push(one);
    if (paid === undefined) this.refuse(one, 'R000002', 'The OriginalTransactionID is invalid.');
    else if (this.reversed(one.receipt) + one.amount > paid)
      this.refuse(one, 'R000001', 'The transaction has already been reversed.');
    void Promise.resolve()
      .then(() => (one.truth.kind === 'failed' ? this.tell(one) : this.usual(one, this)))
      .catch(() => undefined);
    if (met === 'silent') return undefined;
    return {
      status: 200,
      body: {
        OriginatorConversationID: one.originator,
        ConversationID: one.conversation,
        ResponseCode: '0',
        ResponseDescription: 'Accept the service request successfully.',
      },
    };
  }

  private ask(body: Record<string, unknown>): Answer {
    this.questions += 1;
    const one = this.taken.find((taken) => taken.conversation === body['OriginalConversationID']);
    const conversation = conversationOf();
    const url = textOf(body['ResultURL']);
    void Promise.resolve()
      .then(() => this.post(url, statusOf(conversation, one)))
      .catch(() => undefined);
    return {
      status: 200,
      body: {
        OriginatorConversationID: randomBytes(8).toString('hex'),
        ConversationID: conversation,
        ResponseCode: '0',
        ResponseDescription: 'Accept the service request successfully.',
      },
    };
  }
}

const refusal = (status: number, errorCode: string, errorMessage: string): Answer => ({
  status,
  body: { requestId: 'r', errorCode, errorMessage },
});

export function resultOf(one: Reversal): unknown {
  const { truth } = one;
  const [code, text, receipt] =
    truth.kind === 'done'
      ? [0, 'The service request is processed successfully.', truth.receipt]
      : truth.kind === 'failed'
        ? [truth.code, truth.text, receiptOf()]
        : [1, 'not decided', receiptOf()];
  return {
    Result: {
      ResultType: 0,
      ResultCode: code,
      ResultDesc: text,
      OriginatorConversationID: one.originator,
      ConversationID: one.conversation,
      TransactionID: receipt,
      ...(truth.kind === 'done' && {
        ResultParameters: {
          ResultParameter: [
            { Key: 'Amount', Value: one.amount },
            { Key: 'OriginalTransactionID', Value: one.receipt },
          ],
        },
      }),
      ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL', Value: 'x' } },
    },
  };
}

function statusOf(conversation: string, one: Reversal | undefined): unknown {
  const status = one?.truth.kind === 'done' ? 'Completed' : one?.truth.kind === 'failed' ? 'Declined' : 'Initiated';
  return {
    Result: {
      ResultType: 0,
      ResultCode: one ? 0 : 2,
      ResultDesc: 'The service request is processed successfully.',
      OriginatorConversationID: 'o',
      ConversationID: conversation,
      TransactionID: 'OAA0000000',
      ResultParameters: {
        ResultParameter: [
          { Key: 'ReceiptNo', Value: one?.truth.kind === 'done' ? one.truth.receipt : '' },
          { Key: 'TransactionStatus', Value: status },
          { Key: 'ConversationID', Value: one?.conversation ?? '' },
          { Key: 'Amount', Value: one?.amount ?? 0 },
        ],
      },
    },
  };
}
