/** In which states of a server its cards can be seen, plugged and unplugged: every state there is, as Nova has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskState, VmState } from '#platform/db/tables/compute.ts';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const PORT = '44444444-4444-4444-8444-444444444444';

/** Every state, so that a new one has to be thought of here. */
const VM_STATES: Readonly<Record<Exclude<VmState, 'deleted'>, boolean>> = {
  active: true,
  paused: true,
  stopped: true,
  building: false,
  error: false,
};
const TASK_STATES: Readonly<Record<TaskState, true>> = {
  scheduling: true,
  networking: true,
  spawning: true,
  'powering-off': true,
  'powering-on': true,
  pausing: true,
  unpausing: true,
  rebooting: true,
  rebooting_hard: true,
  rebuilding: true,
  rebuild_spawning: true,
  deleting: true,
};

type Row = { vm_state?: VmState; task_state?: TaskState | null; launched_at?: string | null };

/** A server with one card, and a port beside it. The row is set as it is by no request. */
async function start() {
  const world = await ComputeWorld.start();
  const id = await world.boot();
  world.network.addPort(PORT, NET_2);
  const card = world.host.guests.get(id)?.nics[0]?.portId ?? '';
  const path = `/servers/${id}/os-interface`;
  const red = world.as('red');
  const admin = world.as('admin');
  return {
    world,
    id,
    card,
    red,
    attach: async (caller = red) =>
      await caller.post(path, { interfaceAttachment: { port_id: PORT } }),
    detach: async (caller = red) => await caller.delete(`${path}/${card}`),
    list: async () => await red.get(path),
    show: async () => await red.get(`${path}/${card}`),
    set: async (row: Row) =>
      await world.db.updateTable('servers').set(row).where('id', '=', id).execute(),
    act: async (action: object) => {
      const { status } = await admin.post(`/servers/${id}/action`, action);
      assert.equal(status, 202);
      await world.idle();
    },
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
    },
  };
}

test('a server that is up, paused or stopped and left in peace takes and gives cards', async () => {
  const ways: Readonly<Record<string, object | null>> = {
    active: null,
    paused: { pause: null },
    stopped: { 'os-stop': null },
  };
  for (const [state, action] of Object.entries(ways)) {
    await using server = await start();
    const { world } = server;
    if (action) await server.act(action);
    const made = await server.attach();
    assert.equal(made.status, 200, `${state}: ${JSON.stringify(made.body)}`);
    assert.equal(made.body.interfaceAttachment.port_id, PORT);
    assert.equal((await server.detach()).status, 202, state);
    await world.idle();
    const { body } = await server.list();
    const left = body.interfaceAttachments.map(({ port_id }: { port_id: string }) => port_id);
    assert.deepEqual(left, [PORT], state);
    const [last] = (await server.red.get(`/servers/${server.id}/os-instance-actions`)).body
      .instanceActions;
    assert.deepEqual([last.action, last.message], ['detach_interface', null], state);
  }
});

test('in every other state, and while something is being done, both are refused with 409', async () => {
  await using server = await start();
  const { world, id } = server;
  const before = await world.holdings();
  const refused: [attribute: string, state: string, row: Row][] = [];
  for (const [state, takes] of Object.entries(VM_STATES) as [VmState, boolean][]) {
    if (!takes) refused.push(['vm_state', state, { vm_state: state, task_state: null }]);
    for (const task of takes ? (Object.keys(TASK_STATES) as TaskState[]) : []) {
      refused.push(['task_state', task, { vm_state: state, task_state: task }]);
    }
  }
  assert.equal(refused.length, 2 + 3 * 12);
  for (const [attribute, state, row] of refused) {
    await server.set(row);
    for (const what of ['attach', 'detach'] as const) {
      const { status, body } = await server[what]();
      assert.equal(status, 409, `${what} ${JSON.stringify(row)}`);
      assert.equal(
        body.conflictingRequest.message,
        `Cannot '${what}_interface' instance ${id} while it is in ${attribute} ${state}`,
      );
    }
    // compat: cards can be seen whatever the state.
    assert.equal((await server.list()).status, 200);
    assert.equal((await server.show()).status, 200);
  }
  await server.set({ vm_state: 'active', task_state: null });
  assert.deepEqual(await world.holdings(), before);
});

test('a server that never ran takes and gives none', async () => {
  await using server = await start();
  await server.set({ launched_at: null });
  for (const what of ['attach', 'detach'] as const) {
    const { status, body } = await server[what]();
    assert.equal(status, 409);
    assert.equal(
      body.conflictingRequest.message,
      `Instance ${server.id} is in an invalid state for '${what}_interface'`,
    );
  }
});

test('a locked server takes and gives cards for administrators only', async () => {
  await using server = await start();
  const { world, id } = server;
  await server.act({ lock: null });
  for (const what of ['attach', 'detach'] as const) {
    const { status, body } = await server[what]();
    assert.equal(status, 409);
    assert.equal(body.conflictingRequest.message, `Instance ${id} is locked`);
  }
  assert.equal((await server.list()).status, 200);
  assert.equal((await server.attach(world.as('admin'))).status, 200);
  assert.equal((await server.detach(world.as('admin'))).status, 202);
});

test('a lock is told of before a state, and both before the port is looked for', async () => {
  await using server = await start();
  server.world.network.ports.delete(PORT);
  await server.act({ lock: null });
  await server.set({ vm_state: 'error' });
  assert.match((await server.attach()).body.conflictingRequest.message, /is locked$/);
  await server.set({ vm_state: 'error', locked_by: null } as Row);
  assert.match((await server.attach()).body.conflictingRequest.message, /in vm_state error$/);
  await server.set({ vm_state: 'active' });
  assert.equal((await server.attach()).status, 404);
});

test('a server that is deleted, or another project’s, has no cards to speak of', async () => {
  await using server = await start();
  const { world, id } = server;
  const blue = world.as('blue');
  const path = `/servers/${id}/os-interface`;
  const answers = async (caller: typeof blue) => [
    await caller.get(path),
    await caller.get(`${path}/${server.card}`),
    await caller.post(path, { interfaceAttachment: { net_id: NET_1 } }),
    await caller.delete(`${path}/${server.card}`),
  ];
  const check = (all: Awaited<ReturnType<typeof answers>>) => {
    for (const { status, body } of all) {
      assert.equal(status, 404);
      assert.equal(body.itemNotFound.message, `Instance ${id} could not be found.`);
    }
  };
  check(await answers(blue));
  await server.red.delete(`/servers/${id}`);
  await world.idle();
  check(await answers(server.red));
});
