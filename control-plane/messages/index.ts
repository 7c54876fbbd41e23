/** Messages to people: SMS and e-mail. */
export { canSend, enqueueMessage, keepSilent, tellSubscriber, type Enqueued, type NewMessage } from './enqueue-message';
export { catalogue, messageKinds, type Channel, type MessageKind, type MessageValues } from './catalogue';
export { checkTemplate, type TemplateFault } from './template';
export { countSegments, plainLetters, type Segments } from './segments';
