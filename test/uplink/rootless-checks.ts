/** A cloud of an ordinary user's: its external networks from inside, and the outside by pasta or slirp4netns. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { findOutbound } from '#app/uplink/outbound.ts';
import type { OutboundProgram } from '#app/uplink/outbound-plan.ts';
import { isAlive, signalProcess } from '#drivers/processes.ts';
import type { Check } from '../dataplane/check.ts';
import { waitFor } from '../support/wait-for.ts';
import type { HostCheckWorld } from './host-checks.ts';
import { HOST, WORLD } from './host-world.ts';
import {
  GATEWAY,
  GUEST,
  guestOf,
  hostState,
  inYard,
  makeCloud,
  PUBLIC,
  record,
  up,
  upWell,
} from './public-cloud.ts';
import { ask, HERE, serveWho } from './world.ts';

const PATIENCE_MS = 500;
/** By which programs such as these let guests reach the host's loopback, if nobody keeps them from it. */
const WAYS_BACK = ['169.254.242.1', '169.254.242.2', '127.0.0.1'];

export function rootlessChecks(program: OutboundProgram): readonly Check<HostCheckWorld>[] {
  return [
    {
      name: `${program}: stackyard exec reaches external networks, and guests reach nothing unasked`,
      run: async (world) => {
        await using cloud = await makeCloud();
        await upWell(cloud, '--public', PUBLIC);
        assert.equal(record(cloud), undefined);
        await using guest = await guestOf(cloud);
        await using _server = await serveWho(guest.enter, GUEST.port);
        assert.equal(await ask(inYard(cloud), GUEST[4], GUEST.port, world), GATEWAY[4]);
        assert.equal(await ask(inYard(cloud), GUEST[6], GUEST.port, world), GATEWAY[6]);
        const patient = { ...world, patienceMs: PATIENCE_MS };
        assert.match(await ask(guest.enter, WORLD[4], WORLD.port, patient), /^(E\w+|silence)$/);
        const link = await up(cloud, '--host-link');
        assert.match(link.stderr, /--host-link needs root/);
      },
    },
    {
      name: `${program}: with --outbound guests reach what the host reaches, and not its loopback`,
      run: async (world) => {
        const before = await hostState();
        await using cloud = await makeCloud();
        await upWell(cloud, '--public', PUBLIC, '--outbound');
        assert.equal(record(cloud)?.outbound, program);
        await using guest = await guestOf(cloud);
        assert.equal(await ask(guest.enter, WORLD[4], WORLD.port, world), HOST[4]);
        await using _server = await serveWho(HERE, GUEST.port, '127.0.0.1');
        assert.equal(await ask(HERE, '127.0.0.1', GUEST.port, world), '127.0.0.1');
        const patient = { ...world, patienceMs: PATIENCE_MS };
        for (const way of WAYS_BACK) {
          const answer = await ask(guest.enter, way, GUEST.port, patient);
          assert.match(answer, /^(E\w+|silence)$/, `${way} answers`);
        }
        assert.equal(await hostState(), before, 'the host has nothing of it');
      },
    },
    {
      name: `${program}: it outlives control, comes again when it was killed, and ends with the cloud`,
      run: async (world) => {
        await using cloud = await makeCloud();
        await upWell(cloud, '--public', PUBLIC, '--outbound');
        const first = findOutbound(cloud.stateDir);
        assert.equal(first?.program, program);
        await cloud.kill('control');
        assert.ok(isAlive(first.mark));
        await upWell(cloud);
        assert.deepEqual(findOutbound(cloud.stateDir)?.mark, first.mark);

        signalProcess(first.mark, 'SIGKILL');
        const second = await waitFor(
          'it was started again',
          () => {
            const found = findOutbound(cloud.stateDir);
            return found !== undefined && found.mark.pid !== first.mark.pid && found;
          },
          30_000,
        );
        {
          await using guest = await guestOf(cloud);
          await waitFor(
            'guests get out again',
            async () => (await ask(guest.enter, WORLD[4], WORLD.port, world)) === HOST[4],
          );
        }
        await cloud.kill('everything');
        assert.equal((await cloud.run('down', '--purge')).code, 0);
        assert.ok(!isAlive(second.mark));
        assert.equal(findOutbound(cloud.stateDir), undefined);
        assert.equal(existsSync(cloud.stateDir), false);
      },
    },
  ];
}
