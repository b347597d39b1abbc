/** What checks of DHCP begin with: a network with one port that a guest holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DhcpSpec, NetworkSpec } from '#base/host/links.ts';
import { openWires, type Wire } from './wires.ts';
import {
  dhcpOf,
  networkOf,
  openPlane,
  portOf,
  untilForwarding,
  type DataplaneWorld,
} from './world.ts';

export type Scene = AsyncDisposable & {
  readonly plane: ReturnType<typeof openPlane>;
  readonly network: NetworkSpec;
  readonly dhcp: DhcpSpec;
  readonly port: ReturnType<typeof portOf>;
  readonly wire: Wire;
};

/** A network with one port that a guest holds; DHCP is left to the check. */
export async function openScene(
  world: DataplaneWorld,
  fields: Parameters<typeof portOf>[1] = {},
  watchMs?: number,
): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(openPlane(world, watchMs));
  const network = networkOf();
  const port = portOf(network, fields);
  await plane.apply({ networks: [network], ports: [port] });
  const holder = { directory: world.stateDir, uid: world.guestUid };
  const wires = stack.use(await openWires([port.tap], holder));
  await untilForwarding(world, [port]);
  const rest = stack.move();
  return {
    plane,
    network,
    dhcp: dhcpOf(),
    port,
    wire: wires.wire(port.tap),
    [Symbol.asyncDispose]: async () => await rest.disposeAsync(),
  };
}

/** The network's DHCP server; 0 when there is none. */
export function pidOf(world: DataplaneWorld, network: NetworkSpec): number {
  try {
    return Number(readFileSync(join(world.stateDir, 'dhcp', network.id, 'pid'), 'utf8'));
  } catch {
    return 0;
  }
}
