export { guardHost } from './address-guard';
export { eventNames, eventSentences, type EventName } from './catalogue';
export { switchedOffEndpoints } from './queries';
export { RETRY_AFTER_S } from './send-due';
