/** Routers: the devices that ask us. Each source address belongs to one company and has one secret. */
export { API_PASSWORD, createRouter, type RouterOutcome } from './create-router';
export { atRouter, openWay, type RouterAtHand, type SealedWay } from './ask-router';
export { askAtNight } from './ask-at-night';
export { changeRouter } from './change-router';
export { deleteRouter } from './delete-router';
export { findRouter, listRouters, type RouterFilter } from './queries';
export { newRouter, routerPatch, type NewRouter, type Router, type RouterPatch } from './schema';
