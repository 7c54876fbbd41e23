/** Carries requests of one router to a server behind us, from an address of the router's own and with another secret, and the answers back. */
export { Leg, type LegOptions, type Server } from './leg';
export { LoginDoor, type DoorWay } from './door';
export { carryReply, carryRequest } from './rekey';
