/** Bringing routers in: the line to paste, the script that fits, the self-test, and what they are told later. */
export { noteInstallation, type Installation } from './installation';
export { keepSetup, nextTunnelAddress } from './issue-line';
export { chapSecretsFile, wireguardFile } from './tunnel-files';
export { findInstallation } from './installation';
export { TUNNEL_PORT, TUNNEL_SERVER } from './recipe';
export { probeOrders } from './self-test/probe';
