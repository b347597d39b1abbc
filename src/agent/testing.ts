/** For the tests of this folder: a keeper of a data plane on paper, and what documents for it are made of. */
import { mock, type TestContext } from 'node:test';
import { EMPTY_DOCUMENT, type HostDocument } from '#base/host/document.ts';
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type AddressGroupSpec,
  type MemberSpec,
  type SecurityGroupSpec,
  type SecurityRemote,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import type { MemberChange } from '#platform/host/host-protocol.ts';
import { silentLog } from '#platform/log.ts';
import { Desired } from './desired.ts';
import { NetworkKeeper } from './network-keeper.ts';
import { Observations } from './observations.ts';

type Change = MemberChange<HostDocument>;

export const network: NetworkSpec = {
  id: 'net',
  mtu: 1500,
  adminStateUp: true,
  dhcp: null,
  uplink: null,
};
export const addressGroup: AddressGroupSpec = { id: 'ours', cidrs: ['10.0.0.0/8'] };

export function group(id: string, remote: SecurityRemote = { kind: 'any' }): SecurityGroupSpec {
  const rule = { direction: 'ingress', version: 4, protocol: null, ports: null, remote } as const;
  return { id, stateful: true, rules: [{ id: `${id}-rule`, ...rule }] };
}

export function member(id: string, groupId: string): MemberSpec {
  return { id, networkId: 'net', groups: [groupId], macs: [], cidrs: ['10.0.0.9/32'] };
}

export function port(
  id: string,
  groups: readonly string[] = [],
  fields: Partial<PortSpec> = {},
): PortSpec {
  return {
    id,
    networkId: 'net',
    tap: id,
    mac: 'fa:16:3e:00:00:01',
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo(['fa:16:3e:00:00:01'], { groups }),
    storm: DEFAULT_STORM_CONTROL,
    ...fields,
  };
}

export function documentOf(parts: {
  readonly [S in keyof HostDocument]?: readonly { id: string }[];
}) {
  const sections = Object.entries({ networks: [network], ...parts }).map(([section, all]) => [
    section,
    Object.fromEntries(all.map((one) => [one.id, one])),
  ]);
  return { ...EMPTY_DOCUMENT, ...Object.fromEntries(sections) } as HostDocument;
}

/** A keeper on a data plane that an earlier one may have worked with. */
export function startKeeper(dataplane = new FakeDataplane({ stateDir: null })) {
  const stop = new AbortController();
  const desired = new Desired();
  const observations = new Observations();
  const held = new Set<string>();
  const apply = mock.method(dataplane, 'apply');
  const keeper = new NetworkKeeper({
    desired,
    observations,
    dataplane,
    log: silentLog(),
    signal: stop.signal,
    holderOf: (id) => (held.has(id) ? 'guest' : undefined),
  });
  const pass = async () => {
    keeper.wake();
    await keeper.idle();
  };
  return {
    keeper,
    dataplane,
    desired,
    held,
    pass,
    /** Says what the whole document is. */
    want: async (document: HostDocument) => {
      desired.replace(desired.revision + 1, document);
      await pass();
    },
    change: async (...changes: Change[]) => {
      desired.apply(desired.revision + 1, changes);
      await pass();
    },
    refuse: (...ids: string[]) =>
      dataplane.setBehaviour({ failures: ids.map((match) => ({ method: 'apply', match })) }),
    /** What was applied since the last look, one entry a pass. */
    applied: () => {
      const changes = apply.mock.calls.map((call) => call.arguments[0]);
      apply.mock.resetCalls();
      return changes.map((change) =>
        Object.fromEntries(
          Object.entries(change)
            .filter(([, part]) => part.length > 0)
            .map(([name, part]) => [
              name,
              part.map((one) => (typeof one === 'string' ? one : one.id)),
            ]),
        ),
      );
    },
    seen: (id: string) => observations.find('ports', id),
    /** What is wrong with which port. */
    errors: () =>
      observations.ids('ports').flatMap((id) => {
        const error = observations.find('ports', id)?.error ?? null;
        return error === null ? [] : [id];
      }),
    state: async () => await dataplane.observe({ signal: stop.signal }),
    [Symbol.dispose]: () => {
      stop.abort();
      apply.mock.restore();
    },
  };
}

/** Lets a test say when it is time to try again, or to look at the host. */
export function holdTime(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  return (ms: number) => t.mock.timers.tick(ms);
}
