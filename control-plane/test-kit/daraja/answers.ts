import type { Lie, Push } from './model';

/** The answer to a query: the code is a text here, and two shapes mean that nothing is known yet. */
export function queryAnswer(push: Push, lie: Lie | undefined): { status: number; body: unknown } {
  const ids = { MerchantRequestID: push.merchantId, CheckoutRequestID: push.checkoutId };
  const told = (ResultCode: string, ResultDesc: string) => ({
    status: 200,
    body: {
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successfully',
      ...ids,
      ResultCode,
      ResultDesc,
    },
  });
  if (lie === 'html') return { status: 502, body: '<html>Bad Gateway</html>' };
  if (lie === 'paid') return told('0', 'The service request is processed successfully.');
  if (lie === 'failed') return told('1032', 'Request cancelled by user');
  if (lie === 'pending_500')
    return {
      status: 500,
      body: { requestId: 'r', errorCode: '500.001.1001', errorMessage: 'The transaction is being processed' },
    };
  if (lie === 'pending' || push.truth.kind === 'pending')
    return told('4999', 'The transaction is still under processing');
  if (push.truth.kind === 'paid') return told('0', 'The service request is processed successfully.');
  return told(String(push.truth.code), push.truth.text);
}
