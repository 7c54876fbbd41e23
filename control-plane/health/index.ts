export { askStatus, type StatusTarget } from './ask-status';
export { startBeating } from './heartbeat';
export { healthSource, type HealthExpectations } from './source';
