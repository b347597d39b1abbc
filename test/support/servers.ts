/** What tests with real clouds do with servers through the public APIs. */
import type { HttpClient } from './http-client.ts';
import type { RealCloud } from './real-cloud.ts';
import { waitFor } from './wait-for.ts';

const COMPUTE = '/compute/v2.1';
const NETWORKING = '/networking/v2.0';

export type Server = {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly fault?: { readonly message: string };
  readonly addresses: Readonly<Record<string, readonly { readonly addr: string }[]>>;
  readonly 'OS-EXT-STS:task_state': string | null;
};

export type Wanted = {
  readonly name: string;
  readonly image?: string;
  readonly flavor?: string;
  readonly networks?: readonly object[];
};

/** The project `demo`, as its member sees it. */
export class Demo {
  readonly #cloud: RealCloud;

  constructor(cloud: RealCloud) {
    this.#cloud = cloud;
  }

  async client(): Promise<HttpClient> {
    return await this.#cloud.as('demo');
  }

  async networkId(name = 'private'): Promise<string> {
    const { networks } = await (await this.client()).get(`${NETWORKING}/networks?name=${name}`);
    return (networks as { id: string }[])[0]?.id ?? '';
  }

  /** The body that asks for a server. */
  async wanted({ name, image = 'tiny', flavor = 'm1.micro', networks }: Wanted): Promise<object> {
    const client = await this.client();
    const { images } = await client.get(`/image/v2/images?name=${image}`);
    const { flavors } = await client.get(`${COMPUTE}/flavors`);
    const byName = (one: { name: string }) => one.name === flavor;
    return {
      server: {
        name,
        imageRef: images[0].id,
        flavorRef: flavors.find(byName).id,
        key_name: 'demo',
        networks: networks ?? [{ uuid: await this.networkId() }],
      },
    };
  }

  /** Asks for a server and returns its id; does not wait for it. */
  async create(wanted: Wanted): Promise<string> {
    const client = await this.client();
    return (await client.make(`${COMPUTE}/servers`, await this.wanted(wanted))).id;
  }

  async boot(wanted: Wanted): Promise<string> {
    const id = await this.create(wanted);
    await this.becomes(id, 'ACTIVE');
    return id;
  }

  /** Starts a request that control may not live to answer. Resolves when it is answered or broken off. */
  async ask(method: string, path: string, body?: unknown): Promise<void> {
    try {
      await (await this.client()).send(method, `${COMPUTE}${path}`, body);
    } catch (error) {
      // `fetch failed`: control was killed while it worked on this.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async find(name: string): Promise<Server | undefined> {
    const { servers } = await (await this.client()).get(`${COMPUTE}/servers/detail`);
    return (servers as Server[]).find((server) => server.name === name);
  }

  async show(id: string): Promise<Server> {
    return (await (await this.client()).get(`${COMPUTE}/servers/${id}`)).server as Server;
  }

  /** Waits until the server has this status and nothing is being done to it. */
  async becomes(id: string, status: string, ms = 60_000): Promise<Server> {
    let last: Server | undefined;
    try {
      return await waitFor(
        `server ${id} becomes ${status}`,
        async () => {
          last = await this.show(id);
          return last.status === status && last['OS-EXT-STS:task_state'] === null && last;
        },
        ms,
        20,
      );
    } catch (cause) {
      throw new Error(`it is ${JSON.stringify(last)}\n${this.#cloud.logs()}`, { cause });
    }
  }

  async act(id: string, action: object): Promise<void> {
    await (await this.client()).make(`${COMPUTE}/servers/${id}/action`, action);
  }

  /** Ids of ports, in the order of the server's interfaces as the network lists them. */
  async portIds(id: string): Promise<readonly string[]> {
    const { interfaceAttachments } = await (
      await this.client()
    ).get(`${COMPUTE}/servers/${id}/os-interface`);
    return (interfaceAttachments as { port_id: string }[]).map((one) => one.port_id);
  }

  async delete(id: string): Promise<void> {
    const client = await this.client();
    await client.remove(`${COMPUTE}/servers/${id}`);
    await this.isGone(id);
  }

  async isGone(id: string): Promise<void> {
    const client = await this.client();
    await waitFor(
      `server ${id} is gone`,
      async () => (await client.send('GET', `${COMPUTE}/servers/${id}`)).status === 404,
      30_000,
      20,
    );
  }
}
