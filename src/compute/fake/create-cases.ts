/** Runs tables of requests for servers: each row is one request and what is answered. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from './compute-world.ts';

export const PORT = '44444444-4444-4444-8444-444444444444';
export const MISSING = '99999999-9999-4999-8999-999999999999';
export const BARE = '66666666-6666-4666-8666-666666666666';

export type Case = {
  readonly why: string;
  readonly version?: string;
  readonly server?: object;
  readonly as?: 'red' | 'reader' | 'admin';
  readonly prepare?: (world: ComputeWorld) => void;
  readonly status: number;
  /** The whole text, or a part of it. */
  readonly text?: string | RegExp;
};

export const nets = (...networks: object[]) => ({ networks });

async function worldWithPorts(): Promise<ComputeWorld> {
  const world = await ComputeWorld.start();
  world.network.addPort(PORT, NET_2);
  // Nobody's, so that it is not one of the networks to choose from; rows that name it give it to `red`.
  world.network.addNetwork(BARE, { subnets: [], projectId: 'nobody' });
  return world;
}

export async function testCases(rows: readonly Case[]): Promise<void> {
  // For rows that change nothing: a world of its own for each would take most of the time.
  const shared = await worldWithPorts();
  after(async () => {
    await shared[Symbol.asyncDispose]();
  });
  for (const row of rows) {
    const { why, version = '2.1', server = {}, as = 'red', prepare, status, text } = row;
    test(`POST /servers (${version}), ${why}: ${status}`, async () => {
      const own = prepare !== undefined || status === 202 || JSON.stringify(server).includes(BARE);
      const world = own ? await worldWithPorts() : shared;
      const bare = world.network.networks.get(BARE);
      if (bare && JSON.stringify(server).includes(BARE)) {
        world.network.networks.set(BARE, { ...bare, projectId: 'red' });
      }
      prepare?.(world);
      const answer = await world.as(as, version).post('/servers', {
        server: {
          name: 'vm',
          imageRef: IMAGE,
          flavorRef: '42',
          ...nets({ uuid: NET_1 }),
          ...server,
        },
      });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      if (text !== undefined) {
        const [fault] = Object.values(answer.body) as { code: number; message: string }[];
        assert.equal(fault?.code, status);
        if (typeof text === 'string') assert.equal(fault?.message, text);
        else assert.match(fault?.message ?? '', text);
      }
      await world.idle();
      if (own) await world[Symbol.asyncDispose]();
    });
  }
}
