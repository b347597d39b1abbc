/** `kill -9` of control at every place of every saga, on its way forward and on its way back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '#compute/fake/compute-world.ts';
import { NO_ROWS, NOTHING_ON_HOST, onHost, rowsOf } from '../support/leftovers.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

/** What is done to the one server of these tests by a saga. */
type Scenario = {
  /** Where its last step fails on its way back: after its effect, where that can still be taken back. */
  readonly failing: 'before-run' | 'after-run';
  readonly ask: (demo: Demo) => Promise<void>;
  /** What holds when it came to its end. */
  readonly done: (demo: Demo) => Promise<void>;
  /** What holds when it was undone. Leaves what the next scenario begins with. */
  readonly undone: (demo: Demo) => Promise<void>;
};

const NAME = 'victim';

const idOf = async (demo: Demo) => (await demo.find(NAME))?.id ?? '';
const portsBecome = async (demo: Demo, count: number) => {
  const id = await idOf(demo);
  await waitFor(`${count} ports`, async () => (await demo.portIds(id)).length === count);
};

/** In an order in which each begins with what the one before has left. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'server-create': {
    failing: 'after-run',
    ask: async (demo) => await demo.ask('POST', '/servers', await demo.wanted({ name: NAME })),
    done: async (demo) => {
      await demo.becomes(await idOf(demo), 'ACTIVE');
      await portsBecome(demo, 1);
    },
    undone: async (demo) => {
      const id = await idOf(demo);
      const { fault } = await demo.becomes(id, 'ERROR');
      assert.match(fault?.message ?? '', /unexpected|aborted/i);
      await portsBecome(demo, 0);
      await demo.delete(id);
      await demo.boot({ name: NAME });
    },
  },
  'interface-attach': {
    failing: 'after-run',
    ask: async (demo) => {
      const wanted = { interfaceAttachment: { net_id: await demo.networkId() } };
      await demo.ask('POST', `/servers/${await idOf(demo)}/os-interface`, wanted);
    },
    done: async (demo) => await portsBecome(demo, 2),
    undone: async (demo) => {
      await portsBecome(demo, 1);
      await demo.becomes(await idOf(demo), 'ACTIVE');
    },
  },
  'interface-detach': {
    failing: 'before-run',
    ask: async (demo) => {
      const id = await idOf(demo);
      const [first] = await demo.portIds(id);
      await demo.ask('DELETE', `/servers/${id}/os-interface/${first}`);
    },
    done: async (demo) => await portsBecome(demo, 1),
    undone: async (demo) => {
      await portsBecome(demo, 1);
      await demo.becomes(await idOf(demo), 'ACTIVE');
    },
  },
  'server-rebuild': {
    failing: 'before-run',
    ask: async (demo) => {
      const { server } = (await demo.wanted({ name: NAME })) as { server: { imageRef: string } };
      const rebuild = { imageRef: server.imageRef };
      await demo.ask('POST', `/servers/${await idOf(demo)}/action`, { rebuild });
    },
    done: async (demo) => {
      await demo.becomes(await idOf(demo), 'ACTIVE');
      await portsBecome(demo, 1);
    },
    undone: async (demo) => {
      await demo.becomes(await idOf(demo), 'ERROR');
      await portsBecome(demo, 1);
    },
  },
  'server-delete': {
    failing: 'before-run',
    ask: async (demo) => await demo.ask('DELETE', `/servers/${await idOf(demo)}`),
    done: async (demo) => {
      await waitFor('it is gone', async () => (await demo.find(NAME)) === undefined);
    },
    undone: async (demo) => {
      const id = await idOf(demo);
      await demo.becomes(id, 'ERROR');
      await demo.delete(id);
    },
  },
};

const sagas = await (async () => {
  await using world = await ComputeWorld.start();
  return new Map(
    world.sagas.definitions.map(({ name, steps }) => [name, steps.map((step) => step.name)]),
  );
})();

test('every saga is killed here', () => {
  assert.deepEqual([...sagas.keys()].toSorted(), Object.keys(SCENARIOS).toSorted());
});

const ways = ['forward', 'back'] as const;

/** Every place that a saga comes by, in its order; on its way back it has failed in its last step. */
function placesOf(saga: string, way: (typeof ways)[number]): readonly string[] {
  const steps = sagas.get(saga) ?? [];
  return way === 'forward'
    ? steps.flatMap((step) => [`${saga}:${step}:before-run`, `${saga}:${step}:after-run`])
    : steps
        .toReversed()
        .flatMap((step) => [`${saga}:${step}:before-undo`, `${saga}:${step}:after-undo`]);
}

const clouds = [
  { dataplane: 'fake', way: 'forward' },
  { dataplane: 'linux', way: 'forward' },
  { dataplane: 'linux', way: 'back' },
] as const;

for (const { dataplane, way } of clouds) {
  test(`control killed at every place of every saga, ${way}, ${dataplane} data plane`, async (t) => {
    await using cloud = await RealCloud.make({ dataplane });
    const demo = new Demo(cloud);
    for (const [saga, { failing: failAt, ask, done, undone }] of Object.entries(SCENARIOS)) {
      await t.test(saga, async () => {
        const [first = '', ...others] = placesOf(saga, way);
        const last = sagas.get(saga)?.at(-1) ?? '';
        const failing = way === 'back' ? { STACKYARD_FAIL_AT: `${saga}:${last}:${failAt}` } : {};
        await cloud.up({ ...failing, STACKYARD_KILL_AT: first });
        const asked = ask(demo);
        assert.equal((await cloud.ended()).signal, 'SIGKILL', `killed at ${first}`);
        await asked;
        for (const place of others) {
          // Whoever takes up the saga where it was left comes by the next place.
          const { signal } = await cloud.launch({ ...failing, STACKYARD_KILL_AT: place });
          assert.equal(signal, 'SIGKILL', `killed at ${place}:\n${cloud.upLog()}`);
        }
        await cloud.up();
        await (way === 'forward' ? done(demo) : undone(demo));
        await cloud.kill('control');
      });
    }
    await cloud.up();
    await waitFor('nothing is left on the host', async () =>
      Object.values(await onHost(cloud)).every((held) => held.length === 0),
    ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
    await cloud.down();
    assert.deepEqual(await rowsOf(cloud), NO_ROWS);
  });
}
