/** Floating IPs in memory, for tests of compute. */
import type { Fault } from '#platform/fault.ts';
import type { Context } from '#platform/context.ts';
import type { FloatingIpApi, FloatingIpFacts, PortFacts } from '#network/network-api.ts';

type FakeFloatingIp = FloatingIpFacts & { readonly projectId: string };

export class FakeFloatingIps implements FloatingIpApi {
  readonly networks: { readonly id: string; readonly name: string }[] = [];
  /** Throws what a test wants to be thrown. */
  refuse: () => Fault | undefined = () => undefined;
  readonly #ports: Map<string, { -readonly [K in keyof PortFacts]: PortFacts[K] }>;
  readonly #all = new Map<string, FakeFloatingIp>();

  constructor(ports: Map<string, { -readonly [K in keyof PortFacts]: PortFacts[K] }>) {
    this.#ports = ports;
  }

  async pools(): Promise<readonly { readonly id: string; readonly name: string }[]> {
    return this.networks;
  }

  async list(ctx: Context): Promise<readonly FloatingIpFacts[]> {
    return [...this.#all.values()].filter((each) => each.projectId === ctx.projectId);
  }

  async find(ctx: Context, id: string): Promise<FloatingIpFacts | undefined> {
    return (await this.list(ctx)).find((each) => each.id === id);
  }

  async findByAddress(ctx: Context, ip: string): Promise<readonly FloatingIpFacts[]> {
    return (await this.list(ctx)).filter((each) => each.ip === ip);
  }

  async create(ctx: Context, networkId: string): Promise<FloatingIpFacts> {
    this.#refuse();
    const made: FakeFloatingIp = {
      id: crypto.randomUUID(),
      projectId: ctx.projectId,
      ip: `203.0.113.${this.#all.size + 1}`,
      pool: this.networks.find((each) => each.id === networkId)?.name || networkId,
      fixedIp: null,
      deviceId: null,
    };
    this.#all.set(made.id, made);
    return made;
  }

  async delete(ctx: Context, id: string): Promise<void> {
    await this.associate(ctx, id, null);
    this.#all.delete(id);
  }

  async associate(
    _ctx: Context,
    id: string,
    to: { readonly portId: string; readonly fixedIp: string } | null,
  ): Promise<void> {
    this.#refuse();
    const known = this.#all.get(id);
    if (!known) return;
    for (const port of this.#ports.values()) {
      port.floatingIps = port.floatingIps.filter(({ ip }) => ip !== known.ip);
    }
    const port = to && this.#ports.get(to.portId);
    if (port) port.floatingIps = [...port.floatingIps, { ip: known.ip, fixedIp: to.fixedIp }];
    this.#all.set(id, {
      ...known,
      fixedIp: to?.fixedIp ?? null,
      deviceId: port?.deviceId ?? null,
    });
  }

  #refuse(): void {
    const fault = this.refuse();
    if (fault) throw fault;
  }
}
