/** Replacing the RADIUS secret and the API password of routers while people log in through them. */
export { startRotation, type StartOutcome } from './start-rotation';
