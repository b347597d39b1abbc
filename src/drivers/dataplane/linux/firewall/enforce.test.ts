/** What becomes of a change that the kernel refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import { tapName, type NetworkSpec, type PortSpec } from '#base/host/links.ts';
import { NO_CHANGE } from '../../dataplane.ts';
import { realCommands, type Commands } from '../kernel.ts';
import { enforce } from './enforce.ts';
import { Firewall } from './firewall.ts';

const NET: NetworkSpec = {
  id: '11111111-1111-4111-8111-111111111111',
  mtu: 1500,
  adminStateUp: true,
  dhcp: null,
  uplink: null,
};

function portOf(number: number): PortSpec {
  const id = `${number}2222222-2222-4222-8222-222222222222`;
  const mac = `fa:16:3e:00:00:0${number}`;
  return {
    id,
    networkId: NET.id,
    tap: tapName(id),
    mac,
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo([mac]),
    storm: DEFAULT_STORM_CONTROL,
  };
}

/** A kernel that takes no transaction with one of these words, and keeps the others. */
function kernelWithout(refuses: (text: string) => boolean) {
  const taken: string[] = [];
  const commands: Commands = {
    ...realCommands,
    run: async (_command, _args, { input = '' }) => {
      await Promise.resolve();
      if (refuses(input)) throw new Error('Message too long');
      taken.push(input);
      return '';
    },
  };
  return { taken, commands };
}

const signal = new AbortController().signal;
const ports = [1, 2, 3, 4, 5].map(portOf);
const all = { ...NO_CHANGE, networks: [NET], ports };
const [, , bad] = ports as [PortSpec, PortSpec, PortSpec, PortSpec, PortSpec];

test('enforce: what is refused is named, and keeps nothing else from being put in force', async () => {
  const { taken, commands } = kernelWithout((text) => text.includes(bad.tap));
  const firewall = new Firewall('inet');
  const failures = await enforce(firewall, all, tapName, commands, signal);
  assert.deepEqual([...failures.keys()], [bad.id]);
  assert.match(failures.get(bad.id)?.message ?? '', /those before are still in force/);
  for (const port of ports) {
    assert.equal(
      taken.some((text) => text.includes(`"${port.tap}" : goto from-l2`)),
      port !== bad,
    );
  }
  const fine = kernelWithout(() => false);
  assert.deepEqual([...(await enforce(firewall, all, tapName, fine.commands, signal))], []);
  assert.equal(fine.taken.length, 1);
});

function tapsIn(text: string): number {
  return new Set(text.match(/"tap[^"*]+"/g)).size;
}

test('enforce: what is too long for one transaction is sent in as few as it needs', async () => {
  const { taken, commands } = kernelWithout((text) => tapsIn(text) > 2);
  const failures = await enforce(new Firewall('inet'), all, tapName, commands, signal);
  assert.equal(failures.size, 0);
  assert.ok(taken.length >= 3 && taken.length <= 5, `${taken.length} transactions`);
});
