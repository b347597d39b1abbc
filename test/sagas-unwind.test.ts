/** Every saga, failed at every step with every step and undo repeated, and killed at every step: nothing is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from '#compute/fake/compute-world.ts';
import type { Injector } from '#platform/saga/saga.ts';

const PORT = '44444444-4444-4444-8444-444444444444';
const OTHER_IMAGE = '55555555-5555-4555-8555-555555555555';
/** What is held when nothing is. */
const NOTHING = {
  ports: [],
  images: [],
  claims: [],
  cards: [],
  guests: [],
  wantedServers: [],
  wantedPorts: [],
};

type Scenario = {
  /** Makes what the saga works on. Returns the server's id, or '' when the saga makes it. */
  readonly prepare: (world: ComputeWorld) => Promise<string>;
  /** Asks for what starts the saga. */
  readonly ask: (world: ComputeWorld, id: string) => Promise<unknown>;
  /** What holds when it was undone. */
  readonly undone: (world: ComputeWorld, id: string, before: unknown) => Promise<void>;
  /** What holds when it came to its end in spite of a kill. */
  readonly done: (world: ComputeWorld, id: string, before: unknown) => Promise<void>;
};

const ask = async (world: ComputeWorld) =>
  await world.as('red').post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      networks: [{ uuid: NET_1 }, { port: PORT }, { uuid: NET_1 }],
    },
  });

const onlyServer = async (world: ComputeWorld) => {
  const { body } = await world.as('admin').get('/servers/detail');
  return body.servers[0] as { id: string; status: string; fault?: { message: string } };
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'server-create': {
    prepare: async (world) => {
      world.network.addPort(PORT, NET_2);
      return '';
    },
    ask,
    undone: async (world) => {
      const server = await onlyServer(world);
      assert.equal(server.status, 'ERROR');
      assert.match(server.fault?.message ?? '', /Injected|unexpected/);
      assert.deepEqual(await world.holdings(), NOTHING);
      assert.ok(world.network.ports.has(PORT), 'the port of the user stays');
      const { body } = await world.as('red').get(`/servers/${server.id}/os-instance-actions`);
      assert.equal(body.instanceActions.length, 1, 'its own clean-up starts nothing else');
    },
    done: async (world) => {
      const server = await onlyServer(world);
      assert.equal(server.status, 'ACTIVE', JSON.stringify(server));
      const held = await world.holdings();
      assert.equal(held.ports.length, 3);
      assert.equal(held.cards.length, 3);
      assert.deepEqual(held.claims, [server.id]);
      assert.equal(held.guests.length, 1);
    },
  },
  'server-delete': {
    prepare: async (world) => {
      world.network.addPort(PORT, NET_2);
      return await world.boot({ networks: [{ uuid: NET_1 }, { port: PORT }] });
    },
    ask: async (world, id) => await world.as('red').delete(`/servers/${id}`),
    undone: async (world, id) => {
      assert.equal((await onlyServer(world)).status, 'ERROR');
      // What a deletion could not do, the next one does.
      const again = await world.as('red').delete(`/servers/${id}`);
      assert.equal(again.status, 204);
      await world.idle();
      assert.deepEqual(await world.holdings(), NOTHING);
    },
    done: async (world, id) => {
      assert.equal((await world.as('red').get(`/servers/${id}`)).status, 404);
      assert.deepEqual(await world.holdings(), NOTHING);
      assert.ok(world.network.ports.has(PORT), 'the port of the user stays');
    },
  },
  'server-rebuild': {
    prepare: async (world) => {
      world.images.add(OTHER_IMAGE);
      return await world.boot();
    },
    ask: async (world, id) =>
      await world.as('red').post(`/servers/${id}/action`, { rebuild: { imageRef: OTHER_IMAGE } }),
    undone: async (world, id) => {
      const server = await onlyServer(world);
      assert.equal(server.status, 'ERROR');
      assert.equal((await world.holdings()).cards.length, 1);
      // The one that its disks are of now, whichever that is.
      const { body } = await world.as('red').get(`/servers/${id}`);
      assert.deepEqual([...world.images.held], [`${body.server.image.id} ${id}`]);
    },
    done: async (world, id) => {
      assert.equal((await onlyServer(world)).status, 'ACTIVE');
      assert.deepEqual([...world.images.held], [`${OTHER_IMAGE} ${id}`]);
    },
  },
  'interface-attach': {
    prepare: async (world) => await world.boot(),
    ask: async (world, id) =>
      await world.as('red').post(`/servers/${id}/os-interface`, {
        interfaceAttachment: { net_id: NET_2 },
      }),
    undone: async (world, id, before) => {
      assert.deepEqual(await world.holdings(), before);
      assert.equal(world.host.guests.get(id)?.nics.length, 1);
    },
    done: async (world, id) => {
      assert.equal((await world.holdings()).cards.length, 2);
      assert.deepEqual(
        world.host.guests.get(id)?.nics.map(({ slot }) => slot),
        [0, 1],
      );
    },
  },
  'interface-detach': {
    prepare: async (world) => await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] }),
    ask: async (world, id) => {
      const { body } = await world.as('red').get(`/servers/${id}/os-interface`);
      const [first] = body.interfaceAttachments as { port_id: string }[];
      return await world.as('red').delete(`/servers/${id}/os-interface/${first?.port_id}`);
    },
    undone: async (world, id, before) => {
      assert.deepEqual(await world.holdings(), before);
      assert.equal(world.host.guests.get(id)?.nics.length, 2);
    },
    done: async (world, id) => {
      assert.equal((await world.holdings()).cards.length, 1);
      assert.equal(world.host.guests.get(id)?.nics.length, 1);
    },
  },
};

/** Steps whose effect cannot be taken back any more: failed after it, the work is done all the same. */
const PAST_RETURN: Readonly<Record<string, string>> = {
  'server-delete': 'freed',
  'interface-detach': 'port',
};

const steps = await (async () => {
  await using world = await ComputeWorld.start();
  return world.sagas.definitions.map((saga) => ({
    saga: saga.name,
    steps: saga.steps.map(({ name }) => name),
  }));
})();

test('every saga has a scenario here', () => {
  const names = steps.map(({ saga }) => saga);
  assert.deepEqual(names.toSorted(), Object.keys(SCENARIOS).toSorted());
});

for (const { saga, steps: names } of steps) {
  const scenario = SCENARIOS[saga];
  if (!scenario) continue;
  for (const name of names) {
    test(`${saga}, failed after '${name}' with everything done twice, leaves nothing behind`, async () => {
      let armed = true;
      await using world = await ComputeWorld.start({
        inject: async (point) => {
          if (point.saga !== saga) return 'go on';
          if (armed && point.step === name && point.when === 'after-run') {
            armed = false;
            throw new Error('Injected');
          }
          return 'repeat';
        },
      });
      const id = await scenario.prepare(world);
      const before = await world.holdings();
      await scenario.ask(world, id);
      await world.idle();
      assert.equal(armed, false, 'the failure was injected');
      await scenario[PAST_RETURN[saga] === name ? 'done' : 'undone'](world, id, before);
    });

    for (const when of ['before-run', 'after-run'] as const) {
      test(`${saga}, killed ${when.replace('-', ' ')} of '${name}', is finished after a restart`, async () => {
        const killed = Promise.withResolvers<void>();
        const inject: Injector = async (point) => {
          if (point.saga !== saga || point.step !== name || point.when !== when) return 'go on';
          killed.resolve();
          return await new Promise<never>(() => undefined);
        };
        await using world = await ComputeWorld.start({ inject });
        const id = await scenario.prepare(world);
        const before = await world.holdings();
        const asked = scenario.ask(world, id);
        asked.catch(() => undefined);
        await killed.promise;
        await world.restart();
        await world.idle();
        await scenario.done(world, id, before);
      });
    }
  }
}
