/** What every hypervisor promises, as checks to be run in their order against a real one and a fake one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { DomainSpec, NicSpec } from '#base/host/domain.ts';
import type { CallOptions, Hypervisor } from './hypervisor.ts';

/** A host with one hypervisor on it, and the hands of whoever tests it. */
export type ContractWorld = {
  readonly hypervisor: Hypervisor;
  /** Another hypervisor object for the same host, as an agent makes that comes later; the first is of no use then. */
  readonly successor: () => Promise<Hypervisor>;
  /** A domain with cards in slots 0, 1 and 3, whose taps are there. */
  readonly spec: DomainSpec;
  /** One more card, for slot 2, whose tap is there. */
  readonly spare: NicSpec;
  /** Waits until the guest has started far enough to let go of cards and to hear its power button. */
  readonly booted: () => Promise<void>;
  /** Ends the guest's process without asking anybody. */
  readonly kill: () => Promise<void>;
  readonly signal: AbortSignal;
};

export type ContractCheck = {
  readonly name: string;
  readonly run: (world: ContractWorld) => Promise<void>;
};

const SLOTS = [0, 1, 3];

export const hypervisorContract: readonly ContractCheck[] = [
  {
    name: 'a domain that was never made is absent, and may be stopped and removed all the same',
    run: async ({ hypervisor, spec, spare, signal }) => {
      await hypervisor.ensureStopped(spec.id, { type: 'soft' }, { signal });
      await hypervisor.ensureNicAbsent(spec.id, spare.portId, { signal });
      await hypervisor.ensureAbsent(spec.id, { signal });
      const state = await hypervisor.observe(spec.id, { signal });
      assert.deepEqual(state, { power: 'absent', rebootCount: 0, nics: [] });
      assert.equal((await hypervisor.list({ signal })).includes(spec.id), false);
      assert.equal(await hypervisor.readConsole(spec.id, null, { signal }), '');
    },
  },
  {
    name: 'a spec that no machine can have is refused and leaves nothing',
    run: async ({ hypervisor, spec, spare, signal }) => {
      const [first] = spec.nics;
      assert.ok(first);
      const wrong: readonly Partial<DomainSpec>[] = [
        { nics: [{ ...spare, slot: 28 }] },
        { nics: [first, { ...spare, slot: first.slot }] },
        { nics: [first, { ...first, slot: 5 }] },
        { vcpus: 0 },
      ];
      for (const part of wrong) {
        const asked = hypervisor.ensureStarted({ ...spec, ...part }, { signal });
        await assert.rejects(asked, { name: 'Fault', code: 'InvalidDomainSpec' });
      }
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'absent');
    },
  },
  {
    name: 'a domain that is prepared does not run yet, and removing it leaves nothing',
    run: async ({ hypervisor, spec, signal }) => {
      await hypervisor.prepare(spec, { signal });
      await hypervisor.prepare(spec, { signal });
      const { power } = await hypervisor.observe(spec.id, { signal });
      assert.ok(power === 'absent' || power === 'stopped', `it is ${power}`);
      await hypervisor.ensureAbsent(spec.id, { signal });
      assert.equal((await hypervisor.list({ signal })).includes(spec.id), false);
      await hypervisor.prepare(spec, { signal });
    },
  },
  {
    name: 'a domain starts with its cards in their slots, and starting it again changes nothing',
    run: async ({ hypervisor, spec, signal }) => {
      await hypervisor.ensureStarted(spec, { signal });
      await hypervisor.ensureStarted(spec, { signal });
      const state = await hypervisor.observe(spec.id, { signal });
      const nics = spec.nics.map(({ slot, portId }) => ({ slot, portId }));
      assert.deepEqual(state, { power: 'running', rebootCount: spec.reboot.count, nics });
      assert.ok((await hypervisor.list({ signal })).includes(spec.id));
    },
  },
  {
    name: 'a card is plugged into the gap, once, and neither twice nor on top of another',
    run: async ({ hypervisor, spec, spare, signal, booted }) => {
      await booted();
      await hypervisor.ensureNic(spec.id, spare, { signal });
      await hypervisor.ensureNic(spec.id, spare, { signal });
      assert.deepEqual(await slots(hypervisor, spec.id, { signal }), [0, 1, 2, 3]);
      const elsewhere = hypervisor.ensureNic(spec.id, { ...spare, slot: 9 }, { signal });
      await assert.rejects(elsewhere, { code: 'NicPluggedElsewhere' });
      const onTop = hypervisor.ensureNic(spec.id, { ...spare, portId: spec.id }, { signal });
      await assert.rejects(onTop, { code: 'NicSlotInUse' });
    },
  },
  {
    name: 'while a domain is paused, no card can be unplugged',
    run: async ({ hypervisor, spec, spare, signal }) => {
      await hypervisor.ensurePaused(spec.id, true, { signal });
      await hypervisor.ensurePaused(spec.id, true, { signal });
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'paused');
      const unplug = hypervisor.ensureNicAbsent(spec.id, spare.portId, { signal });
      await assert.rejects(unplug, { code: 'DomainPaused' });
      await hypervisor.ensurePaused(spec.id, false, { signal });
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'running');
    },
  },
  {
    name: 'a card is unplugged, and everybody else stays where they are',
    run: async ({ hypervisor, spec, spare, signal }) => {
      await hypervisor.ensureNicAbsent(spec.id, spare.portId, { signal });
      await hypervisor.ensureNicAbsent(spec.id, spare.portId, { signal });
      assert.deepEqual(await slots(hypervisor, spec.id, { signal }), SLOTS);
    },
  },
  {
    name: 'the console tells its last lines, or all',
    run: async ({ hypervisor, spec, signal }) => {
      const all = await hypervisor.readConsole(spec.id, null, { signal });
      const last = await hypervisor.readConsole(spec.id, 1, { signal });
      assert.ok(last.length > 0 && last.length < all.length, JSON.stringify(last));
      assert.ok(all.endsWith(last));
      assert.equal(await hypervisor.readConsole(spec.id, 0, { signal }), '');
    },
  },
  {
    name: 'several may sit at a serial port at once, and nobody at that of a domain that is not there',
    run: async ({ hypervisor, spec, spare, signal }) => {
      const console = { server: spec.id, type: 'serial' } as const;
      const one = await hypervisor.openConsole(console, { signal });
      const two = await hypervisor.openConsole(console, { signal });
      const heard = [once(one, 'data', { signal }), once(two, 'data', { signal })];
      one.write('\r');
      await Promise.all(heard);
      one.destroy();
      const again = once(two, 'data', { signal });
      two.write('\r');
      await again;
      two.destroy();
      const nowhere = hypervisor.openConsole({ ...console, server: spare.portId }, { signal });
      await assert.rejects(nowhere, { code: 'DomainNotRunning' });
    },
  },
  {
    name: 'a later agent finds the guest as the earlier one left it, and stops it softly',
    run: async ({ hypervisor, successor, spec, signal }) => {
      await hypervisor.close();
      const later = await successor();
      assert.ok((await later.list({ signal })).includes(spec.id));
      assert.deepEqual(await slots(later, spec.id, { signal }), SLOTS);
      const console = await later.openConsole({ server: spec.id, type: 'serial' }, { signal });
      const ended = once(console.resume(), 'end', { signal });
      await later.ensureStopped(spec.id, { type: 'soft', softTimeoutMs: 30_000 }, { signal });
      const state = await later.observe(spec.id, { signal });
      assert.deepEqual(state, { power: 'stopped', rebootCount: spec.reboot.count, nics: [] });
      await ended;
      const pause = later.ensurePaused(spec.id, true, { signal });
      await assert.rejects(pause, { code: 'DomainNotRunning' });
    },
  },
  {
    name: 'a domain starts paused when told to, counts its restarts and keeps its slots',
    run: async ({ successor, spec, signal }) => {
      const again: DomainSpec = { ...spec, power: 'paused', reboot: { count: 7, type: 'hard' } };
      const hypervisor = await successor();
      await hypervisor.ensureStarted(again, { signal });
      const state = await hypervisor.observe(spec.id, { signal });
      assert.deepEqual([state.power, state.rebootCount], ['paused', 7]);
      assert.deepEqual(await slots(hypervisor, spec.id, { signal }), SLOTS);
    },
  },
  {
    name: 'a guest that is killed has crashed, which is told, and can be started again',
    run: async ({ successor, spec, kill, signal }) => {
      const hypervisor = await successor();
      await hypervisor.observe(spec.id, { signal });
      const changed = changeOf(hypervisor, spec.id, signal);
      await kill();
      await changed;
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'crashed');
      await hypervisor.ensureStarted(spec, { signal });
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'running');
    },
  },
  {
    name: 'a domain stopped hard is stopped at once, and once removed has left nothing',
    run: async ({ successor, spec, signal }) => {
      const hypervisor = await successor();
      await hypervisor.ensureStopped(spec.id, { type: 'hard' }, { signal });
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'stopped');
      await hypervisor.ensureAbsent(spec.id, { signal });
      assert.equal((await hypervisor.observe(spec.id, { signal })).power, 'absent');
      assert.deepEqual(await hypervisor.list({ signal }), []);
    },
  },
];

async function slots(
  hypervisor: Hypervisor,
  id: string,
  options: CallOptions,
): Promise<readonly number[]> {
  const { nics } = await hypervisor.observe(id, options);
  return nics.map(({ slot }) => slot);
}

/** Resolves when the hypervisor says that the domain may have changed. */
export async function changeOf(
  hypervisor: Hypervisor,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const changes = new EventTarget();
  hypervisor.onChange((changed) => {
    if (changed === id) changes.dispatchEvent(new Event('change'));
  });
  await once(changes, 'change', { signal });
}
