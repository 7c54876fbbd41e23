/** Bringing routers in: the line to paste, the script that fits, the self-test, and what they are told later. */
export { makeTunnelKeys, noteInstallation, type Installation } from './installation';
export { keepSetup, nextTunnelAddress } from './issue-line';
export { chapSecretsFile, noteTunnels, wireguardFile, type TunnelSeen } from './tunnel-files';
export { TUNNEL_PORT, TUNNEL_SERVER } from './recipe';
export { probeOrders } from './self-test/probe';
